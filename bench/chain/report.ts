import { table } from "#shared/cli/table.js";
import { milliseconds } from "../format.js";
import { median } from "../median.js";
import type { BlockTimes } from "./blocks.js";
import { NEURONS, VALIDATORS } from "./full-subnet.js";
import type { MetagraphRead } from "./metagraph.js";
import type { RuntimeFigures } from "./runtime.js";

export interface ChainFigures {
  readonly blocks: BlockTimes;
  readonly metagraph: MetagraphRead;
  readonly yuma: readonly number[];
  /** Null where no runtime is at hand. */
  readonly runtime: RuntimeFigures | null;
}

/** Extrinsics a second: as many as there are, in the median of so many milliseconds. */
export const perSecond = (extrinsics: number, times: readonly number[]): number => (1000 * extrinsics) / median(times);

export const describeChain = ({ blocks, metagraph, yuma, runtime }: ChainFigures): string =>
  [
    `a devchain with ${NEURONS} neurons, ${VALIDATORS} of them validators: ${blocks.extrinsics} extrinsics of as many keys, median of ${blocks.included.length} rounds`,
    table([
      ["", "extrinsics a second", "median", "worst"],
      rate("signed, sent, checked", blocks.extrinsics, blocks.accepted),
      rate("the same, and included", blocks.extrinsics, blocks.included),
    ]),
    "",
    "building a block",
    table([
      ["", "median", "worst"],
      spread("empty", blocks.empty),
      spread(`${blocks.extrinsics} extrinsics`, blocks.full),
      spread("an epoch", blocks.epoch),
    ]),
    "",
    `a metagraph of ${NEURONS} through the client`,
    table([
      ["", "questions, asked at once", "answers", "a new block's", "worst", "asked again"],
      readRow("devchain", metagraph),
      ...(runtime ? [readRow(runtime.runtime, runtime.metagraph)] : []),
    ]),
    ...(runtime
      ? []
      : ["  set BLOCKZERO_SUBTENSOR_RUNTIME to a subtensor runtime's WASM to see it beside the real one"]),
    "",
    `Yuma consensus, ${NEURONS} neurons × ${VALIDATORS} validators, ${yuma.length} epochs`,
    table([["", "median", "worst"], spread("an epoch", yuma)]),
  ].join("\n");

const spread = (name: string, times: readonly number[]): readonly string[] => [
  name,
  milliseconds(median(times)),
  milliseconds(Math.max(...times)),
];

const rate = (name: string, extrinsics: number, times: readonly number[]): readonly string[] => {
  const [, middle, worst] = spread(name, times);
  return [name, perSecond(extrinsics, times).toFixed(0), middle!, worst!];
};

const readRow = (name: string, read: MetagraphRead): readonly string[] => [
  name,
  String(read.questions),
  `${(read.bytes / 1e3).toFixed(0)} kB`,
  milliseconds(median(read.fresh)),
  milliseconds(Math.max(...read.fresh)),
  milliseconds(median(read.again)),
];
