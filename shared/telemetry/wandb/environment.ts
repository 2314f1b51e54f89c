import { BlockZeroError } from "#shared/errors/error.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** What happens with the metrics: they are sent, kept to be sent later, or neither. */
export type WandbMode = "online" | "offline" | "disabled";

const MODES: ReadonlyMap<string, WandbMode> = new Map([
  ["online", "online"],
  ["run", "online"],
  ["offline", "offline"],
  ["dryrun", "offline"],
  ["disabled", "disabled"],
]);
const TRUE = /^(true|1|yes|on)$/i;
const MAX_TAGS = 20;

/** A variable's value without the spaces, the line's end and the quotes that copying leaves around it; undefined where nothing is left. */
export const wandbVariable = (env: Environment, name: string): string | undefined => {
  const text = env[name]?.trim() ?? "";
  const bare = /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text;
  return bare.trim() || undefined;
};

/**
 * What Weights & Biases' own switches say, and which of them does, as `NAME=value`; online where none says another thing.
 *
 * @throws BlockZeroError CONFIG_INVALID_VALUE for a mode that is none
 */
export const wandbMode = (env: Environment): { readonly mode: WandbMode; readonly because?: string } => {
  const disabled = wandbVariable(env, "WANDB_DISABLED");
  if (disabled !== undefined && TRUE.test(disabled)) return { mode: "disabled", because: `WANDB_DISABLED=${disabled}` };
  const text = wandbVariable(env, "WANDB_MODE");
  if (text === undefined) return { mode: "online" };
  const mode = MODES.get(text.toLowerCase());
  if (mode === undefined)
    throw new BlockZeroError(
      "CONFIG_INVALID_VALUE",
      `WANDB_MODE is ${JSON.stringify(text.slice(0, 40))}, which is not one of ${[...MODES.keys()].join(", ")}`,
      "correct it, or remove it: nothing is sent before that",
    );
  return { mode, because: `WANDB_MODE=${text}` };
};

/** The tags of `WANDB_TAGS`, with commas between. */
export const wandbTags = (env: Environment): readonly string[] =>
  (wandbVariable(env, "WANDB_TAGS") ?? "")
    .split(",")
    .map((tag) => tag.trim().slice(0, 64))
    .filter((tag) => tag !== "")
    .slice(0, MAX_TAGS);
