import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { computeAttacks } from "./library/index.js";
import { faultsOf, playAttacks } from "./play-attacks.js";

describe("every attack on compute, with one seed", { timeout: HANG_GUARD }, () => {
  it("pays no more than honest work, at the error rates that were computed", async () => {
    for (const result of await playAttacks(computeAttacks, ["arena 1"]))
      assert.deepEqual(faultsOf(result), [], result.attack);
  });
});
