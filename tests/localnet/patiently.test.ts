import assert from "node:assert/strict";
import { it } from "node:test";
import { patiently } from "#localnet/patiently.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { coded } from "#tests/support/coded.js";

it("a file that nobody gives is asked for again with each block, and not for ever; other faults are thrown", async (t) => {
  let number = 5;
  const head = () => ({ number, hash: "", timestamp: 0 });
  const clock = {
    get head() {
      return head();
    },
    reach: async (block: number) => {
      number = Math.max(number, block);
      return head();
    },
  };
  const tries = async (until: number, code: "FETCH_BUSY" | "STORE_FAILED", failures: number) => {
    let count = 0;
    const work = async () => {
      if (count++ < failures) throw new BlockZeroError(code, "no", "wait");
      return count;
    };
    return patiently({ clock, signal: t.signal }, until, work);
  };
  assert.equal(await tries(20, "FETCH_BUSY", 3), 4);
  await assert.rejects(tries(20, "FETCH_BUSY", 100), coded("FETCH_BUSY"));
  assert.equal(number, 20);
  await assert.rejects(tries(100, "STORE_FAILED", 1), coded("STORE_FAILED"));
});
