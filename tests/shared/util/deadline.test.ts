import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withDeadline } from "#shared/util/deadline.js";

describe("work with a deadline", () => {
  it("is told to stop also where it fails, so that nothing that it began goes on", async () => {
    const failure = new Error("no answer that could be read");
    let told: AbortSignal | undefined;
    const work = withDeadline(2 ** 31, assert.fail, async (signal) => {
      told = signal;
      throw failure;
    });
    await assert.rejects(work, failure);
    assert.equal(told?.reason, failure);
  });
});
