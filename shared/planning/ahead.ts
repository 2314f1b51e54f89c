import { type Command, Option } from "commander";
import { wholeNumber } from "#shared/cli/numbers.js";
import { upcycledConfig } from "#shared/model/upcycle.js";
import { CODEC_NAMES, type CodecName } from "#shared/protocol/codec-name.js";
import { MAX_GROUPS } from "#shared/protocol/expert-group.js";
import type { Network } from "#shared/protocol/network.js";
import { SUBTENSOR_BLOCK_SECONDS } from "#shared/protocol/subtensor-pace.js";
import type { FloatDType } from "#shared/tensor-files/float-dtype.js";
import { drawnNetwork, USUAL_SEQUENCE } from "./drawn-network.js";
import { MODEL_SOURCE_FORM, type ModelSourceOptions, readModelConfig } from "./read-model.js";

/** What is said of a network that does not exist yet. */
export interface AheadOptions {
  readonly model?: string;
  readonly groups: number;
  readonly sequence?: number;
  readonly shard: "restricted" | "full";
  readonly codec: CodecName;
  readonly experts?: number;
  readonly expertsPerToken: number;
}

/** The options of `aheadOptions`, and those that are left. */
export const splitAhead = <T extends AheadOptions>({
  model,
  groups,
  sequence,
  shard,
  codec,
  experts,
  expertsPerToken,
  ...rest
}: T) => ({
  ahead: {
    groups,
    shard,
    codec,
    expertsPerToken,
    ...(sequence !== undefined && { sequence }),
    ...(model !== undefined && { model }),
    ...(experts !== undefined && { experts }),
  } satisfies AheadOptions,
  rest,
});

/** Settings of a network that exists, which `--model` stands in for. */
const OF_A_NETWORK = ["network", "expert_group"];

/** Adds `--model` and what goes with it to a command that plans. */
export const aheadOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        "--model <source>",
        `plan a network of this model that does not exist yet, from its config.json alone: ${MODEL_SOURCE_FORM}`,
      ).conflicts(OF_A_NETWORK),
    )
    .option("--groups <n>", "with --model: expert groups, of as many experts each", wholeNumber(1, MAX_GROUPS), 8)
    .option(
      "--sequence <tokens>",
      `with --model: length of a window, at most the model's longest (default: ${USUAL_SEQUENCE}, or that)`,
      wholeNumber(1),
    )
    .addOption(
      new Option("--shard <mode>", "with --model: what a miner computes with beside its own experts")
        .choices(["restricted", "full"])
        .default("restricted"),
    )
    .addOption(
      new Option("--codec <name>", "with --model: how updates are written").choices(CODEC_NAMES).default("float32"),
    )
    .option("--experts <n>", "with --model, a dense one: experts that it is made to have", wholeNumber(1))
    .option("--experts-per-token <n>", "with --experts: how many a token is sent to", wholeNumber(1), 1);

/** What `--block-time` is. */
export const BLOCK_TIME = `seconds between the chain's blocks (default: as long as the chain's last ones took; ${SUBTENSOR_BLOCK_SECONDS} where none is asked)`;

/** Seconds from one block to the next: as the operator says, else as the chain does, else those of subtensor. */
export const secondsOf = (
  said: number | undefined,
  { blockSeconds = null }: { readonly blockSeconds?: number | null },
): number => said ?? blockSeconds ?? SUBTENSOR_BLOCK_SECONDS;

/** A network that is planned. */
export interface PlannedNetwork {
  readonly network: Network;
  /** The precision of the hub's files; null where only a model's own files would tell. */
  readonly hubDType: FloatDType | null;
}

/** The network that `--model` draws. @throws BlockZeroError what reading the model, upcycling and drawing throw */
export const networkOfModel = async (
  source: string,
  { experts, expertsPerToken, ...drawn }: AheadOptions,
  options: ModelSourceOptions,
): Promise<PlannedNetwork> => {
  const { config, dtype } = await readModelConfig(source, options);
  if (experts === undefined) return { network: drawnNetwork(config, drawn), hubDType: dtype };
  // An upcycled model is stored from memory.
  const upcycled = upcycledConfig(config, { experts, perToken: expertsPerToken });
  return { network: drawnNetwork(upcycled, drawn), hubDType: "F32" };
};
