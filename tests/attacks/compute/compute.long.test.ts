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

  it("does harm where a rule is taken away: the arena sees it", async () => {
    const [result] = await playAttacks(
      [
        {
          name: "unsampled",
          description: "pads where nobody looks",
          play: () => ({
            ...{ payoff: 1.05, alpha: null, stoppedBy: [] },
            beta: { of: "a padded proof passes", events: 400, trials: 400, computed: 0.01 },
          }),
        },
      ],
      ["arena 1", "arena 2"],
    );
    assert.equal(faultsOf(result!).length, 2);
  });
});
