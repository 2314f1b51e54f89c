import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { STEP_BATCHES } from "#shared/evaluation/loss-meter.js";
import { DEFAULT_CONFIDENCE } from "#shared/protocol/network-file/default-confidence.js";
import { DEFAULT_STEPS } from "#shared/protocol/network-file/default-steps.js";
import { MAX_STEPS } from "#shared/protocol/network-file/outer.js";
import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { studentQuantile } from "#shared/scoring/student-t.js";
import { createQuadratic } from "#tests/support/quadratic.js";
import {
  type Rules,
  type SimulatedCycle,
  type Simulation,
  simulate,
  trainAlone,
} from "#tests/support/simulated-network.js";

const rules: Rules = {
  confidence: DEFAULT_CONFIDENCE,
  exponent: 1,
  top_n: 8,
  eval_batches: 128,
  max_update_norm: 0.5,
  merge: { rule: "weighted-mean", clip: "median-norm" },
  outer: { confidence: DEFAULT_CONFIDENCE, steps: DEFAULT_STEPS },
};

/** At which one miner alone ends lowest. */
const RATE = 0.003;
const RATES = [0.1, 0.3, 1, 3, 10, 30];
const CYCLES = 100;
/** Of a weak genesis model and of a strong one: the optimum's distance in each dimension. */
const DISTANCES = { weak: 3, strong: 0.5 };
/** What every cycle took before steps were measured. */
const NESTEROV = { along: "merged", lr: 0.7, momentum: 0.9 } as const;

/** What a validator measures steps on. */
const BATCHES = STEP_BATCHES * rules.eval_batches;
/** Seven tenths of the error go to the last look, divided among the steps. */
const LEVEL = 1 - (0.7 * (1 - DEFAULT_CONFIDENCE)) / MAX_STEPS;

interface Drawn {
  readonly name: string;
  readonly rate: number;
  readonly simulation: Simulation;
}

/** Every rate from both genesis models, with miners, cheats and liars drawn by lot. */
const drawn: readonly Drawn[] = Object.entries(DISTANCES).flatMap(([genesis, distance]) =>
  RATES.flatMap((rate) =>
    [false, true].map((isLiedTo): Drawn => {
      const name = `rate × ${rate}, ${genesis} genesis${isLiedTo ? ", cheats and liars" : ""}`;
      const random = createRandom(name);
      const miners = isLiedTo ? 2 + random.below(7) : 1 + random.below(8);
      const cheat = isLiedTo ? random.pick(["noise", "sign-flip"] as const) : "none";
      const training = { steps: 24, rate: RATE * rate };
      const model = createQuadratic(name, distance);
      return { name, rate, simulation: { model, cycles: CYCLES, training, miners, cheat, isLiedTo, rules } };
    }),
  ),
);

/** Cycles after which the true loss was higher by more than so many standard errors of its measured change. */
const risesOf = ({ model }: Simulation, history: readonly SimulatedCycle[], errors: number): number =>
  history.filter(({ trueLoss, standardError }, i) => {
    const before = history[i - 1]?.trueLoss ?? model.trueLoss(model.start);
    return trueLoss - before > errors * standardError;
  }).length;

describe("the accepted model over 100 cycles", { concurrency: false }, () => {
  let rises = 0;

  for (const { name, simulation } of drawn)
    it(`never loses more than a standard error, and is not measurably behind one miner alone: ${name}`, async () => {
      const { model, miners, cheat } = simulation;
      const history = await simulate(simulation);
      assert.equal(risesOf(simulation, history, 1), 0);
      rises += risesOf(simulation, history, 0);
      const lossesAt = (weights: Float32Array) => model.losses(weights, "in the end", 0, BATCHES);
      const group = lossesAt(history.at(-1)!.weights);
      for (let miner = 0; miner < miners; miner += cheat === "none" ? 1 : 2) {
        const alone = lossesAt(trainAlone(simulation, miner));
        const { mean, deviation } = spreadOf(group.map((loss, i) => loss - alone[i]!));
        const bound = studentQuantile(LEVEL, BATCHES - 1) * (deviation / Math.sqrt(BATCHES));
        assert.ok(mean <= bound, `behind miner ${miner} by ${mean}, of which ${bound} may be chance`);
      }
    });

  it("is worse at all in no more cycles than the confidence of a step allows", () => {
    assert.ok(rises <= (1 - DEFAULT_CONFIDENCE) * drawn.length * CYCLES, `${rises} of ${drawn.length * CYCLES}`);
  });

  it("would lose that and more in many cycles if a step were always taken", async () => {
    const fast = drawn.filter(({ rate }) => rate >= 10);
    let lost = 0;
    for (const { simulation } of fast)
      lost += risesOf(simulation, await simulate({ ...simulation, always: NESTEROV }), 1);
    assert.ok(lost > 2 * (1 - DEFAULT_CONFIDENCE) * fast.length * CYCLES, `${lost} of ${fast.length * CYCLES}`);
  });
});
