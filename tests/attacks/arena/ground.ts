import { fromFloats } from "#shared/artifact/float32.js";
import { mean } from "#shared/mean.js";
import type { Parameters } from "#shared/model/parameters.js";
import { DEFAULT_CURVE } from "#shared/protocol/default-curve.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Network } from "#shared/protocol/network.js";
import { heldOutLosses, type LossMeter } from "#shared/training/loss-meter.js";
import { mapValues } from "#shared/training/objective.js";
import { pretrain } from "#shared/training/pretrain.js";
import { template } from "../../support/micro-network.js";
import { device } from "../../support/updates.js";
import { type Gym, openGym } from "./gym.js";

/** Merged in a group; fewer than there are honest miners, as on a subnet whose places are fought for. */
const PLACES = 3;

/** The micro network with an outer step for a run of few, short cycles. */
const network: Omit<Network, "genesis"> = {
  ...template,
  model: { ...template.model, moe_intermediate_size: 24 },
  training: { ...template.training, outer_momentum: 0.5 },
  scoring: {
    ...template.scoring,
    eval_batches: 24,
    top_n: PLACES,
    rewards: DEFAULT_CURVE,
  },
};

/** What every draw follows from, unless somebody wants others. */
export const SEED = "arena";

const PRETRAINING = { steps: 200, batchSize: 8, learningRate: 0.01 };

const ENGLISH = [
  { kind: "moby-dick", weight: 1 },
  { kind: "arithmetic", weight: 0.05 },
];

/** What a campaign is fought on. */
export interface Ground {
  readonly network: Omit<Network, "genesis">;
  readonly genesis: Parameters;
  readonly gym: Gym;
  /** Of the attacked group, by number. */
  readonly sealed: ((index: number) => string) | undefined;
}

/**
 * The genesis model knows English and has hardly seen the attacked group's text: on a random model even noise may help, and on one that has learnt
 * its text already honest miners' gains are as small as the noise.
 */
export const genesisModel = (seed: string = SEED): Promise<Parameters> => {
  const groups = mapValues(network.groups, (group) => ({ ...group, data: ENGLISH }));
  const { signal } = new AbortController();
  return pretrain({ network: { ...network, groups }, device, seed, ...PRETRAINING, signal });
};

/** The genesis model of the usual seed, where docs/attacks.md was made. */
export const RECORDED = "3047212023f1f12570c264c3b2bca4a72a4de721c78042ae0681af36ef63f180";

export const digestOf = (genesis: Parameters): string => {
  const names = Object.keys(genesis).sort();
  return sha256(Buffer.concat(names.map((name) => Buffer.from(Uint8Array.from(fromFloats(genesis[name]!).data)))));
};

/** @param change what an attack needs changed in the network file */
export const openGround = (
  genesis: Parameters,
  change: (usual: typeof network) => typeof network,
  sealed: Ground["sealed"],
): Ground => {
  const own = change(network);
  return { network: own, genesis, gym: openGym(own), sealed };
};

/** Mean over all groups, nats a token; the same text for every model. */
export const modelLoss = async (meter: LossMeter, of: Network, parameters: Parameters): Promise<number> =>
  mean(Object.values(await heldOutLosses(meter, of, parameters)));
