import { existsSync } from "node:fs";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Environment } from "#shared/hub/hub.js";
import { HUB_SCHEME, type HubAddress, parseHubAddress } from "#shared/hub/hub-address.js";
import type { HubFile } from "#shared/hub/hub-file.js";
import { type PullOptions, pullFolder } from "#shared/hub/pull.js";
import { CONFIG_FILE } from "#shared/model/checkpoint-layout.js";

/** The folder in a genesis' home that checkpoints are fetched into. */
export const FETCHED = "checkpoints";

const WEIGHTS = /\.safetensors$/;

interface SourceOptions {
  readonly env: Environment;
  /** Told of every file that is fetched. */
  readonly onFile?: (file: HubFile) => void;
  /** Milliseconds that the Hub has for an answer. */
  readonly answerMs?: number;
  readonly signal?: AbortSignal;
}

interface FolderOptions extends SourceOptions {
  /**
   * Before weights are fetched: given the folder that all else lies in, the files of weights, and how many bytes of these are missing. What it throws
   * ends the fetch.
   */
  readonly beforeWeights?: NonNullable<PullOptions["first"]>["before"];
}

/** Of a repository's files: those at its top that a checkpoint has. Weights in other formats are left where they are. */
const OF_CHECKPOINT = /^[^/]+\.(?:safetensors|json|model|txt|jinja)$/;

/**
 * The folder of a checkpoint that is named as a folder or as `hf://owner/name@revision`. One of the Hub is fetched into `checkpoints/` of
 * `home`, each file checked by its hash; cut short, a later call goes on; fetched once, it is taken from there.
 *
 * @throws BlockZeroError HUB_ADDRESS_INVALID, and what `pullFolder` throws
 */
export const checkpointFolder = async (
  from: string,
  home: string,
  { beforeWeights, ...options }: FolderOptions,
): Promise<string> => {
  const address = addressOf(from);
  if (address === null) return from;
  const folder = join(home, FETCHED, `${address.name}@${address.revision ?? "main"}`.replaceAll("/", "--"));
  if (existsSync(join(folder, CONFIG_FILE))) return folder;
  const first = beforeWeights && { wants: (path: string) => !WEIGHTS.test(path), before: beforeWeights };
  await pullFolder(address, folder, { ...options, wants: (path) => OF_CHECKPOINT.test(path), ...(first && { first }) });
  return folder;
};

/**
 * A checkpoint's folder as `checkpointFolder` gives it, but of one of the Hub without the weights: what says which model and which tokenizer it is,
 * in a new folder in `home`.
 *
 * @throws BlockZeroError as `checkpointFolder` does
 */
export const describedCheckpoint = async (from: string, home: string, options: SourceOptions): Promise<string> => {
  const address = addressOf(from);
  if (address === null) return from;
  const folder = join(home, "checkpoint");
  await pullFolder(address, folder, { ...options, wants: (path) => OF_CHECKPOINT.test(path) && !WEIGHTS.test(path) });
  return folder;
};

/** Null for a folder. */
const addressOf = (from: string): HubAddress | null => {
  if (!from.startsWith(HUB_SCHEME)) return null;
  const address = parseHubAddress(from);
  if (address.kind === "model") return address;
  throw new BlockZeroError("HUB_ADDRESS_INVALID", `${from} is a data set`, "name a model: hf://owner/name@revision");
};
