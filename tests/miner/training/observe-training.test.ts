import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ObservedTraining, observeTraining } from "#miner/training/observe-training.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { parsePrometheus } from "../../support/prometheus-text.js";

/** Steps that are told a second apart: what is counted, and tokens a second. */
const observed = async (told: readonly number[], options: ObservedTraining) => {
  const instruments = prometheusInstruments("miner");
  let now = 0;
  const { stepped } = observeTraining(instruments, options, () => now);
  for (const step of told) {
    now += 1000;
    const rest = { loss: 1, learningRate: 0.1, gradNorm: 1, skipped: false, spike: false, replica: 0 };
    stepped({ step, ...rest });
  }
  const shown = parsePrometheus(await instruments.text());
  return ["blockzero_training_steps_total", "blockzero_training_tokens_per_second"].map((name) => shown.get(name));
};

describe("a training that is observed", () => {
  const each = Array.from({ length: 10 }, (_, step) => step);

  it("counts every step of the built-in trainer, also where it goes on after a restart", async () => {
    assert.deepEqual(await observed(each, { tokensPerStep: 64 }), [10, 64]);
    const resumed = each.map((step) => step + 500);
    assert.deepEqual(await observed(resumed, { tokensPerStep: 64 }), [10, 64]);
  });

  it("counts the steps between an own program's lines, and none twice", async () => {
    assert.deepEqual(await observed([9, 19, 29], { tokensPerStep: 64, from: 0 }), [30, 640]);
    assert.deepEqual(await observed([9, 9, 4, 19], { tokensPerStep: 64, from: 0 }), [25, 320]);
  });
});
