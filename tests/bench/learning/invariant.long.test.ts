import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Cheat, isHonest } from "#bench/learning/cheats.js";
import { alone, type Course, type Run, summaryOf, together } from "#bench/learning/runs.js";
import { groupHeldOutBatches } from "#datasets/group-data.js";
import type { Batch } from "#shared/data/loader.js";
import { createLossMeter, type LossMeter } from "#shared/evaluation/loss-meter.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { DEFAULT_CONFIDENCE } from "#shared/protocol/network-file/default-confidence.js";
import { DEFAULT_STEPS } from "#shared/protocol/network-file/default-steps.js";
import { pretrain } from "#shared/training/pretrain.js";
import { mean } from "#shared/util/mean.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";
import { device } from "#tests/support/updates.js";

interface Group {
  /** As a multiple of the usual one. */
  readonly rate: number;
  readonly miners: number;
  readonly cheat: Cheat;
  /** Genesis models that it begins from: one, unless given. */
  readonly genesis?: readonly string[];
}

const GROUP = "math";
/** At which this model learns. */
const RATE = 0.01;
/** Seeds of genesis models. */
const GENESIS = ["invariant", "i2", "i3"];
const GROUPS: readonly Group[] = [
  { rate: 30, miners: 8, cheat: "sign-flip" },
  { rate: 30, miners: 4, cheat: "none" },
  // From the first it comes a tenth less far than the best miner alone, from the others farther.
  { rate: 10, miners: 4, cheat: "sign-flip", genesis: GENESIS },
  { rate: 1, miners: 4, cheat: "sign-flip" },
  { rate: 1, miners: 4, cheat: "noise" },
  { rate: 1, miners: 1, cheat: "none" },
  { rate: 0.1, miners: 4, cheat: "none" },
];
const CYCLES = 20;
/**
 * Part of the best miner's way that the group comes at least, in the mean of its genesis models: it stands still where no step is measurably
 * better.
 */
const FAR = 0.95;
/** Of the text that losses are compared on. */
const FIXED_BATCHES = 128;

const network: Network = {
  ...template,
  genesis: "0".repeat(64),
  training: { ...template.training, outer: { confidence: DEFAULT_CONFIDENCE, steps: DEFAULT_STEPS } },
  scoring: { ...template.scoring, eval_batches: 64, confidence: DEFAULT_CONFIDENCE, top_n: 8 },
};
const batchSize = network.scoring.eval_batch_size;

interface Ground {
  readonly genesis: Parameters;
  readonly meter: LossMeter;
  readonly fixed: readonly Batch[];
}

const prepare = async (seed: string): Promise<Ground> => {
  const { signal } = new AbortController();
  const genesis = await pretrain({ ...{ network, device, seed, batchSize, signal }, steps: 30, learningRate: RATE });
  const meter = await createLossMeter(device, network, { batchSize, parameters: genesis });
  const fixed = groupHeldOutBatches(network, GROUP, { batches: FIXED_BATCHES, batchSize, seed: "f".repeat(64) });
  return { genesis, meter, fixed };
};

describe("the accepted model over 20 cycles of real training", { concurrency: false, timeout: HANG_GUARD }, () => {
  const grounds = new Map<string, Ground>();
  before(async () => {
    for (const seed of GENESIS) grounds.set(seed, await prepare(seed));
  });
  after(async () => {
    for (const { meter } of grounds.values()) await meter.dispose();
  });

  const courseOf = (seed: string, { rate, cheat }: Pick<Group, "rate" | "cheat">): Course => ({
    ...{ device, network, group: GROUP, cycles: CYCLES, cheat },
    training: { batch_size: 8, learning_rate: RATE * rate, warmup_steps: 2, max_steps: 12 },
    ...grounds.get(seed)!,
  });
  const alones = new Map<string, Promise<Run>>();
  const aloneAt = (seed: string, rate: number, miner: number): Promise<Run> => {
    const key = `${seed} ${rate} ${miner}`;
    const run = alones.get(key) ?? alone(courseOf(seed, { rate, cheat: "none" }), `miner ${miner}`);
    alones.set(key, run);
    return run;
  };

  for (const { rate, miners, cheat, genesis = GENESIS.slice(0, 1) } of GROUPS)
    it(`never loses more than a standard error, ends below where it began, and comes as far as the best honest miner alone: rate × ${rate}, ${miners} miners, ${cheat}`, async (t) => {
      const ways: number[] = [];
      for (const seed of genesis) {
        const { start, end, rises } = summaryOf(await together(courseOf(seed, { rate, cheat }), miners));
        const ends: number[] = [];
        for (let miner = 0; miner < miners; miner++)
          if (isHonest(miner, cheat)) ends.push(summaryOf(await aloneAt(seed, rate, miner)).end);
        const best = Math.min(...ends);
        t.diagnostic(`${seed}: ${start} → ${end}, the best miner alone ${best}, rises ${rises}`);
        assert.equal(rises, 0);
        assert.ok(end < start, `${start} → ${end}`);
        ways.push((start - end) / Math.max(0, start - best));
      }
      assert.ok(mean(ways) >= FAR, `of the best miner's way alone ${ways}`);
    });
});
