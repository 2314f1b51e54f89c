import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CODECS } from "#shared/artifact/codec/index.js";
import type { TensorStep } from "#shared/merge/merge-tensor.js";
import { openMergeThreads } from "#shared/merge/merge-threads.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const floats = (...values: number[]): Float32Array => {
  const shared = new Float32Array(new SharedArrayBuffer(4 * values.length));
  shared.set(values);
  return shared;
};

/** θ + Δ, at rate one without momentum. */
const step = (delta: readonly number[], change: Partial<TensorStep> = {}): TensorStep => ({
  name: "a",
  shape: [delta.length],
  codec: "int8",
  aggregation: { kind: "weighted", weights: [1] },
  outer: { along: "merged", lr: 1, momentum: 0 },
  updates: [CODECS.int8.encode(Float32Array.from(delta))],
  weights: floats(...delta.map(() => 1)),
  momentum: floats(...delta.map(() => 0)),
  ...change,
});

describe("threads that merge", { timeout: HANG_GUARD }, () => {
  it("say the code and the hint of what is wrong with a tensor, and go on with the next", async (t) => {
    for (const count of [0, 1, 2]) {
      const threads = openMergeThreads(count);
      t.after(() => threads.close());
      const bad = step([1, 2]);
      // No code of this codec.
      bad.updates[0]!.get("")![0] = 0x80;
      await assert.rejects(threads.take(bad), {
        name: "BlockZeroError",
        code: "UPDATE_MALFORMED",
        message: /^tensor a: /,
        hint: "put it through the gates first",
      });
      const good = step([127, 127]);
      await threads.take(good);
      assert.deepEqual([...good.weights], [128, 128]);
    }
  });

  it("say that one of them has ended, also to whoever comes later", async (t) => {
    const threads = openMergeThreads(1);
    t.after(() => threads.close());
    // Two weights for one update: what no aggregation has.
    const broken = step([1], { aggregation: { kind: "weighted", weights: [0.5, 0.5] } });
    const ended = { code: "MERGE_FAILED", message: /has ended: deltas of one length/ };
    await assert.rejects(threads.take(broken), ended);
    await assert.rejects(threads.take(step([1])), ended);
  });
});
