import assert from "node:assert/strict";
import { test } from "node:test";
import { simulatedField } from "#bench/validation/fields.js";
import { formatRecording, recordingSchema } from "#bench/validation/recording.js";
import { compare } from "#bench/validation/trial.js";
import { createRandom } from "#shared/data/random.js";

test("a recording reads back, to seven digits", () => {
  const groups = ["prose", "math"].map((group) => ({
    group,
    pretraining: 250,
    updates: [
      { kind: "honest" as const, steps: 100, differences: [0.123456789, -0.5] },
      { kind: "noise" as const, steps: 100, differences: [1e-9, 0] },
    ],
  }));
  const read = recordingSchema.parse(JSON.parse(formatRecording(groups)));
  assert.deepEqual(
    read.groups.map(({ updates }) => updates.map(({ differences }) => differences)),
    groups.map(() => [
      [0.1234568, -0.5],
      [0, 0],
    ]),
  );
});

test("a race of one round agrees with the full evaluation in every place, and saves nothing", async () => {
  const rules = { batches: 16, confidence: 0.99, exponent: 1, topN: 3, rounds: 1, tolerance: 0.1 };
  const draw = simulatedField({ miners: 8, noise: 0.25, skills: 2 });
  const { batches, agreement, same, repeated } = await compare({
    draw,
    rules,
    trials: 20,
    random: createRandom("full"),
  });
  assert.deepEqual([batches, agreement, same], [1, 1, 1]);
  assert.ok(repeated < 1, "other batches give other places: that is what the tolerance is for");
});
