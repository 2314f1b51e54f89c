import { groupHeldOutBatches } from "#datasets/group-data.js";
import { batchRows } from "#shared/data/batch-rows.js";
import { createRandom } from "#shared/data/random.js";
import type { TokenSource } from "#shared/data/token-source.js";
import { BlockZeroError } from "#shared/errors/error.js";
import {
  meanRelevance,
  measureEach,
  type RoutingMeter,
  type RoutingRow,
  type TokenRow,
} from "#shared/evaluation/routing-meter.js";
import { expertsOf } from "#shared/model/groups.js";
import type { Network } from "#shared/protocol/network.js";
import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { studentQuantile } from "#shared/scoring/student-t.js";
import { mean } from "#shared/util/mean.js";

/** How well a group fits some text. */
export interface GroupAffinity {
  readonly group: string;
  /** Share of the gates' weight that the group's experts get on the text, mean over documents and layers, 0–1. */
  readonly share: number;
  /** The mean's two-sided 95 % interval over documents; null for a single one. */
  readonly interval: readonly [low: number, high: number] | null;
  /** The same share on the group's own held-out text. */
  readonly ownText: number;
  /** What it would be if all experts were used alike. */
  readonly even: number;
  /** The first over the last: a group of many experts gets much of any text. */
  readonly timesEven: number;
}

export interface Affinity {
  readonly documents: number;
  readonly tokens: number;
  /** The best first: whose experts are used the most beyond what all used alike would be. */
  readonly groups: readonly GroupAffinity[];
  /** The text's use of each layer's experts. */
  readonly relevance: readonly (readonly number[])[];
}

const CONFIDENCE = 0.95;
const OWN_BATCHES = 4;
const SEED = "a".repeat(64);

/**
 * How much of a text the experts of each group get: the beginning of up to `documents` of its documents, drawn by a fixed seed, goes through the
 * whole model.
 *
 * @throws BlockZeroError NO_DATA for a text without tokens
 */
export const groupAffinity = async (
  meter: RoutingMeter,
  network: Pick<Network, "model" | "groups" | "data">,
  { source, documents }: { readonly source: TokenSource; readonly documents: number },
): Promise<Affinity> => {
  const { data, model } = network;
  const own = documentsOf(source, documents).map((index) => source.tokens(index).ids.subarray(0, data.sequence_length));
  const texts = own.filter(({ length }) => length > 0);
  if (texts.length === 0) throw new BlockZeroError("NO_DATA", "the text has no tokens", "name a file with documents");
  const names = Object.keys(network.groups);
  const [rows, ...ownTexts] = await measureEach(meter, [texts, ...names.map((group) => ownRows(network, group))]);
  const groups = names.map((group, i): GroupAffinity => {
    const experts = expertsOf(model, network.groups[group]!);
    const layers = meter.layers.map((layer) => experts[layer]!);
    const shares = rows!.map((row) => shareOf(row, layers));
    const share = mean(shares);
    const even = mean(layers.map(({ length }) => length / model.num_experts));
    return {
      group,
      share,
      interval: intervalOf(shares),
      ownText: mean(ownTexts[i]!.map((row) => shareOf(row, layers))),
      even,
      timesEven: share / even,
    };
  });
  return {
    documents: texts.length,
    tokens: texts.reduce((sum, { length }) => sum + length, 0),
    groups: bestFirst(groups),
    relevance: meanRelevance(rows!, "gate"),
  };
};

/** Groups may own different numbers of experts: the share alone would name the largest. */
export const bestFirst = (groups: readonly GroupAffinity[]): readonly GroupAffinity[] =>
  [...groups].sort((a, b) => b.timesEven - a.timesEven);

const shareOf = ({ gate }: RoutingRow, experts: readonly (readonly number[])[]): number =>
  mean(experts.map((ids, layer) => ids.reduce((sum, id) => sum + gate[layer]![id]!, 0)));

const ownRows = (network: Pick<Network, "groups" | "data">, group: string): readonly TokenRow[] => {
  const options = { batches: OWN_BATCHES, batchSize: 4, seed: SEED };
  return groupHeldOutBatches(network, group, options).flatMap(batchRows);
};

/** All documents where they are few, else some drawn by a fixed seed. */
const documentsOf = ({ size }: TokenSource, most: number): readonly number[] => {
  if (size !== "unbounded" && size <= most) return Array.from({ length: size }, (_, index) => index);
  const random = createRandom("affinity");
  const drawn = new Set<number>();
  while (drawn.size < most) drawn.add(random.below(size === "unbounded" ? 2 ** 32 : size));
  return [...drawn];
};

const intervalOf = (values: readonly number[]): GroupAffinity["interval"] => {
  if (values.length < 2) return null;
  const { mean: centre, deviation } = spreadOf(values);
  const half = (studentQuantile((1 + CONFIDENCE) / 2, values.length - 1) * deviation) / Math.sqrt(values.length);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
};
