import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { describedCheckpoint } from "#owner/genesis/checkpoint-source.js";
import { checkpointTokenizer } from "#owner/genesis/checkpoint-tokenizer.js";
import { isTemplate, loadNetworkTemplate, type NetworkTemplate } from "#owner/network/network-template.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { loadNetwork } from "#shared/config/load-network.js";
import { checkConfig, readCheckpointConfig } from "#shared/model/checkpoint-reader.js";
import { upcycledConfig } from "#shared/model/upcycle.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { TokenizerRule } from "#shared/protocol/tokenizer-files.js";

/** The checkpoint that a network begins with, and what is made of it. */
export interface CheckpointOptions {
  readonly from?: string;
  readonly experts?: number;
  readonly expertsPerToken: number;
}

/** Adds `--from` and what goes with it. @param from says what the checkpoint is for @param experts the same of `--experts` */
export const checkpointOptions = (
  command: Command,
  from = "the checkpoint that from-checkpoint in a template stands for, as in `blockzero genesis`; none of its weights are fetched",
  experts = "with --from, a dense checkpoint: experts that it is made to have",
): Command =>
  command
    .option("--from <source>", from)
    .option("--experts <n>", experts, wholeNumber(1))
    .option("--experts-per-token <n>", "with --experts: how many a token is sent to", wholeNumber(1), 1);

/** A flag that would change nothing is refused. */
export const checkCheckpointOptions = ({ from, experts }: CheckpointOptions, command: Command): void => {
  if (from === undefined && experts !== undefined) command.error("error: --experts needs --from, a dense checkpoint");
  if (experts === undefined && command.getOptionValueSource("expertsPerToken") === "cli")
    command.error("error: --experts-per-token needs --experts");
};

/** The same where network files may be read, too: these have their model, and where none of all is a template `--from` would change nothing. */
export const checkTemplateOptions = (files: readonly string[], options: CheckpointOptions, command: Command): void => {
  checkCheckpointOptions(options, command);
  if (options.from !== undefined && !files.some(isTemplate))
    command.error("error: --from needs a template: a network file has its model");
};

/** What a template may take of a checkpoint. */
export interface Described {
  /** What faults call it. */
  readonly name: string;
  readonly model: ModelConfig;
  /** Null where it has none. */
  readonly tokenizer: TokenizerRule | null;
}

/** @throws BlockZeroError UPCYCLE_UNSUPPORTED, and what reading the folder throws */
const describe = async (
  dir: string,
  { from = dir, experts, expertsPerToken }: CheckpointOptions,
): Promise<Described> => {
  const own = await readCheckpointConfig(dir);
  const tokenizer = await checkpointTokenizer(dir);
  if (experts === undefined) return { name: from, model: own, tokenizer };
  return { name: `${from}, upcycled,`, model: upcycledConfig(own, { experts, perToken: expertsPerToken }), tokenizer };
};

/** @throws BlockZeroError CHECKPOINT_MISMATCH where the template has another model than its checkpoint, and what reading it throws */
const readTemplate = (file: string, checkpoint: Described | undefined): NetworkTemplate => {
  if (checkpoint === undefined) return loadNetworkTemplate(file);
  const { name, model, tokenizer } = checkpoint;
  const template = loadNetworkTemplate(file, model, tokenizer);
  checkConfig(model, { model: template.model, authority: "the network template" }, name);
  return template;
};

/**
 * Reads a template whose model is the one in a folder.
 *
 * @param dir of the checkpoint, whose weights need not be there; none where the template spells its model out
 * @throws what `describe` and `readTemplate` throw
 */
export const templateOf = async (
  file: string,
  dir: string | undefined,
  options: CheckpointOptions,
): Promise<NetworkTemplate> => readTemplate(file, dir === undefined ? undefined : await describe(dir, options));

/**
 * Does something with what `--from` names, if anything, which may be elsewhere: what of it is no weights is fetched for so long.
 *
 * @param signal ends the fetch, with its reason
 * @throws what `describe`, `describedCheckpoint` and the work throw
 */
export const withCheckpoint = async <T>(
  options: CheckpointOptions,
  signal: AbortSignal,
  work: (checkpoint: Described | undefined) => T | Promise<T>,
): Promise<T> => {
  const { from } = options;
  if (from === undefined) return work(undefined);
  const scratch = await mkdtemp(join(tmpdir(), "blockzero-"));
  try {
    const dir = await describedCheckpoint(from, scratch, { env: process.env, signal });
    return await work(await describe(dir, options));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/** Does something with a template as `templateOf` reads it. @throws what `withCheckpoint` and `readTemplate` throw */
export const withTemplate = <T>(
  file: string,
  options: CheckpointOptions,
  signal: AbortSignal,
  work: (template: NetworkTemplate) => T | Promise<T>,
): Promise<T> => withCheckpoint(options, signal, (checkpoint) => work(readTemplate(file, checkpoint)));

/** The same with a network file too, whose model is its own. @throws what `withTemplate` and `loadNetwork` throw */
export const withNetwork = async <T>(
  file: string,
  options: CheckpointOptions,
  signal: AbortSignal,
  work: (network: NetworkTemplate) => T | Promise<T>,
): Promise<T> => (isTemplate(file) ? withTemplate(file, options, signal, work) : work(loadNetwork(file)));
