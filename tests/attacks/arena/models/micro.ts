import type { DataSource } from "#shared/protocol/data-source.js";
import { DEFAULT_CURVE } from "#shared/protocol/network-file/default-curve.js";
import { mapValues } from "#shared/training/objective.js";
import { pretrain } from "#shared/training/pretrain.js";
import { template } from "../../../support/micro-network.js";
import { device } from "../../../support/updates.js";
import type { ArenaModel, Inner, NetworkTemplate } from "./arena-model.js";

/** Merged in a group; fewer than there are honest miners, as on a subnet whose places are fought for. */
const PLACES = 3;

const TRAINING: Inner = {
  batch_size: 4,
  gradient_accumulation_steps: 1,
  learning_rate: 0.003,
  warmup_steps: 0,
  max_steps: 24,
};

const { max_steps: steps, ...training } = TRAINING;

/** The micro network with an outer step for a run of few, short cycles. */
const network: NetworkTemplate = {
  ...template,
  model: { ...template.model, moe_intermediate_size: 24 },
  scoring: {
    ...template.scoring,
    eval_batches: 24,
    top_n: PLACES,
    rewards: DEFAULT_CURVE,
    witness: { steps, ...training },
  },
};

/**
 * The genesis model sees so little of the attacked group's text that its routers must be held to it: with the usual weight they sent it elsewhere,
 * with some seeds, and a miner's shard then learns what the whole model has no use for.
 */
const PRETRAINING = { steps: 200, batchSize: 8, learningRate: 0.01, affinity: 1 };

/** What the genesis model learns: English, and a little of the attacked group's text. */
const EARLIER: Readonly<Record<string, readonly DataSource[]>> = {
  prose: [{ kind: "moby-dick", weight: 1 }],
  math: [
    { kind: "moby-dick", weight: 1 },
    { kind: "arithmetic", weight: 0.1 },
  ],
};

/**
 * One layer and some thousand parameters a group. The genesis model knows English and has hardly seen the attacked group's text: on a
 * random model even noise may help, and on one that has learnt its text already honest miners' gains are as small as the noise. An honest training
 * lowers the loss by some ten standard errors, with every seed.
 */
export const micro: ArenaModel = {
  name: "micro",
  network,
  training: TRAINING,
  genesis(seed, stage = 1) {
    const groups = mapValues(network.groups, (group, name) => ({ ...group, data: [...EARLIER[name]!] }));
    const { signal } = new AbortController();
    const { steps: pretraining, ...how } = PRETRAINING;
    return pretrain({
      network: { ...network, groups },
      device,
      seed,
      ...how,
      steps: Math.ceil(stage * pretraining),
      signal,
    });
  },
};
