import { BlockZeroError } from "#shared/errors/error.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Values of `WANDB_MODE`, and whether something is sent. */
const MODES: ReadonlyMap<string, boolean> = new Map([
  ["online", true],
  ["run", true],
  ["offline", false],
  ["dryrun", false],
  ["disabled", false],
]);
const TRUE = /^(true|1|yes|on)$/i;

/** A variable's value without the spaces, the line's end and the quotes that copying leaves around it; undefined where nothing is left. */
export const wandbVariable = (env: Environment, name: string): string | undefined => {
  const text = env[name]?.trim() ?? "";
  const bare = /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text;
  return bare.trim() || undefined;
};

/**
 * Which of Weights & Biases' own switches says that nothing is to be sent, as `NAME=value`; undefined where none does.
 *
 * @throws BlockZeroError CONFIG_INVALID_VALUE for a mode that is none
 */
export const wandbSwitchedOff = (env: Environment): string | undefined => {
  const disabled = wandbVariable(env, "WANDB_DISABLED");
  if (disabled !== undefined && TRUE.test(disabled)) return `WANDB_DISABLED=${disabled}`;
  const mode = wandbVariable(env, "WANDB_MODE");
  if (mode === undefined) return undefined;
  const sends = MODES.get(mode.toLowerCase());
  if (sends === undefined)
    throw new BlockZeroError(
      "CONFIG_INVALID_VALUE",
      `WANDB_MODE is ${JSON.stringify(mode.slice(0, 40))}, which is not one of ${[...MODES.keys()].join(", ")}`,
      "correct it, or remove it: nothing is sent before that",
    );
  return sends ? undefined : `WANDB_MODE=${mode}`;
};
