import {
  type Batch,
  heldOutBatches,
  type LoaderOptions,
  type TrainingLoader,
  trainingLoader,
  type WeightedSource,
} from "#shared/data/loader.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import type { DocumentSource } from "#shared/data/source.js";
import { type TokenSource, tokenised } from "#shared/data/token-source.js";
import type { Network } from "#shared/protocol/network.js";
import { openTokens, type ShardChoice, type SourceUse } from "./tokens.js";

type GroupData = Pick<Network, "groups" | "data">;

/**
 * The training stream of a group's own documents; an operator's documents take `share` of the windows where given. Of packs so many shards as
 * `shards` says are drawn from.
 */
export const groupTrainingLoader = (
  network: GroupData,
  group: string,
  options: {
    batchSize: number;
    seed: string;
    own?: { source: TokenSource; share: number } | undefined;
    shards?: ShardChoice | undefined;
  },
): TrainingLoader => {
  const { batchSize, shards } = options;
  const loader = loaderOptions(network, group, batchSize, { side: "training", shards });
  return trainingLoader({ ...loader, sources: mixed(loader.sources, options.own), seed: options.seed });
};

const mixed = (
  sources: readonly WeightedSource[],
  own: { source: TokenSource; share: number } | undefined,
): readonly WeightedSource[] => {
  if (!own) return sources;
  if (own.share === 1) return [{ source: own.source, weight: 1 }];
  const total = sources.reduce((sum, { weight }) => sum + weight, 0);
  return [...sources, { source: own.source, weight: (total * own.share) / (1 - own.share) }];
};

/**
 * The batches a group's updates are judged on, a pure function of the seed (64 hex digits): from sealed text, once it is open, all of
 * which is held out; else from the held-out part of the group's own documents.
 */
export const groupHeldOutBatches = (
  network: GroupData,
  group: string,
  { sealed, ...options }: { batches: number; batchSize: number; seed: string; sealed?: DocumentSource | null },
): readonly Batch[] => {
  const loader = loaderOptions(network, group, options.batchSize, { side: "held-out" });
  return heldOutBatches({
    ...loader,
    ...(sealed && { sources: [{ source: tokenised(sealed, openTokenizer(network.data)), weight: 1 }], heldOut: 1 }),
    ...options,
  });
};

const loaderOptions = (
  { groups, data }: GroupData,
  group: string,
  batchSize: number,
  use: SourceUse,
): LoaderOptions => {
  const tokenizer = openTokenizer(data);
  return {
    sources: groups[group]!.data.map(({ weight, ...name }) => ({ source: openTokens(name, tokenizer, use), weight })),
    tokenizer,
    sequenceLength: data.sequence_length,
    batchSize,
    heldOut: data.held_out,
    isolated: data.sequences === "isolated",
  };
};
