import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rollingWindows } from "#shared/text-evaluation/windows.js";

const plain = (length: number, window: number, stride: number) =>
  rollingWindows(
    Uint32Array.from({ length }, (_, i) => i + 1),
    { window, stride, prefix: 0 },
  ).map(({ ids, from }) => ({
    context: [...ids.subarray(0, from)],
    predicted: [...ids.subarray(from)],
  }));

describe("rolling windows", () => {
  it("are those of lm-eval", () => {
    // lm_eval.utils.get_rolling_token_windows(range(1, 11), prefix_token=0, max_seq_len=4, context_len=1), each by make_disjoint_window.
    assert.deepEqual(plain(10, 4, 4), [
      { context: [0], predicted: [1, 2, 3, 4] },
      { context: [4], predicted: [5, 6, 7, 8] },
      { context: [6, 7, 8], predicted: [9, 10] },
    ]);
    // The same with context_len=3.
    assert.deepEqual(plain(8, 4, 2), [
      { context: [0], predicted: [1, 2, 3, 4] },
      { context: [2, 3, 4], predicted: [5, 6] },
      { context: [4, 5, 6], predicted: [7, 8] },
    ]);
  });

  it("predict every token once, in inputs that fit", () => {
    for (const length of [1, 2, 7, 8, 9, 23])
      for (const window of [2, 3, 8])
        for (const stride of [1, 2, window]) {
          const windows = rollingWindows(new Uint32Array(length), { window, stride, prefix: 0 });
          for (const { ids, from } of windows) assert.ok(ids.length - 1 <= window && from >= 1 && from < ids.length);
          assert.equal(
            windows.reduce((sum, { ids, from }) => sum + ids.length - from, 0),
            length,
          );
        }
    assert.deepEqual(plain(0, 4, 4), []);
  });
});
