import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { until } from "./subnet.js";

test("a test that waits for the chain asks again where a busy machine kept it from answering", async (t) => {
  const asked = async (code: "CHAIN_TIMEOUT" | "STATE_DISCARDED") => {
    let times = 0;
    await until(t, async () => {
      if (++times < 3) throw new BlockZeroError(code, "no answer", "wait");
      return true;
    });
    return times;
  };
  assert.equal(await asked("CHAIN_TIMEOUT"), 3);
  await assert.rejects(asked("STATE_DISCARDED"), { code: "STATE_DISCARDED" });
});
