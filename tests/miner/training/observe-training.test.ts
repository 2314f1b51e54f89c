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
    assert.deepEqual(await observed(each, { replicas: 1, tokensPerStep: 64 }), [10, 64]);
    const resumed = each.map((step) => step + 500);
    assert.deepEqual(await observed(resumed, { replicas: 1, tokensPerStep: 64 }), [10, 64]);
  });

  it("counts replicas' steps as one, and of what one skips its part", async () => {
    const instruments = prometheusInstruments("miner");
    const { stepped } = observeTraining(instruments, { replicas: 2, tokensPerStep: 64 }, () => 0);
    for (const step of each)
      for (const replica of step < 5 ? [0, 1] : [1])
        stepped({
          step,
          replica,
          skipped: replica === 1 && step === 3,
          spike: false,
          loss: 1,
          learningRate: 0.1,
          gradNorm: 1,
        });
    const shown = parsePrometheus(await instruments.text());
    assert.equal(shown.get("blockzero_training_steps_total"), 10, "one of them was lost after five");
    assert.equal(shown.get('blockzero_training_steps_skipped_total{reason="not_finite"}'), 0.5);
  });

  it("counts the steps between an own program's lines, and none twice", async () => {
    assert.deepEqual(await observed([9, 19, 29], { replicas: 1, tokensPerStep: 64, from: 0 }), [30, 640]);
    assert.deepEqual(await observed([9, 9, 4, 19], { replicas: 1, tokensPerStep: 64, from: 0 }), [25, 320]);
  });
});
