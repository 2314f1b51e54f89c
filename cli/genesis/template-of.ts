import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { describedCheckpoint } from "#owner/genesis/checkpoint-source.js";
import { checkpointTokenizer } from "#owner/genesis/checkpoint-tokenizer.js";
import { isTemplate, loadNetworkTemplate, type NetworkTemplate } from "#owner/network/network-template.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { checkConfig, readCheckpointConfig } from "#shared/model/checkpoint-reader.js";
import { upcycledConfig } from "#shared/model/upcycle.js";

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

/** The same where a network file may be read, too: it has its model, and `--from` would change nothing. */
export const checkTemplateOptions = (file: string, options: CheckpointOptions, command: Command): void => {
  checkCheckpointOptions(options, command);
  if (options.from !== undefined && !isTemplate(file))
    command.error("error: --from needs a template: a network file has its model");
};

/**
 * Reads a template whose model is the one in a folder.
 *
 * @param dir of the checkpoint, whose weights need not be there; none where the template spells its model out
 * @throws BlockZeroError CHECKPOINT_MISMATCH where the template has another model, UPCYCLE_UNSUPPORTED, and what reading the template and the folder
 *         throws
 */
export const templateOf = async (
  file: string,
  dir: string | undefined,
  { experts, expertsPerToken }: Omit<CheckpointOptions, "from">,
): Promise<NetworkTemplate> => {
  if (dir === undefined) return loadNetworkTemplate(file);
  const own = await readCheckpointConfig(dir);
  const model = experts === undefined ? own : upcycledConfig(own, { experts, perToken: expertsPerToken });
  const template = loadNetworkTemplate(file, model, await checkpointTokenizer(dir));
  const expected = { model: template.model, authority: "the network template" };
  checkConfig(model, expected, experts === undefined ? dir : `${dir}, upcycled,`);
  return template;
};

/**
 * Does something with a template whose checkpoint may be elsewhere: what of it is no weights is fetched for so long.
 *
 * @param signal ends the fetch, with its reason
 * @throws what `templateOf`, `describedCheckpoint` and the work throw
 */
export const withTemplate = async <T>(
  file: string,
  { from, ...how }: CheckpointOptions,
  signal: AbortSignal,
  work: (template: NetworkTemplate) => T | Promise<T>,
): Promise<T> => {
  if (from === undefined) return work(loadNetworkTemplate(file));
  const scratch = await mkdtemp(join(tmpdir(), "blockzero-"));
  try {
    const dir = await describedCheckpoint(from, scratch, { env: process.env, signal });
    return await work(await templateOf(file, dir, how));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};
