import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HANG_GUARD } from "../support/hang-guard.js";
import { openPrograms } from "../support/programs.js";
import { openSubnet } from "../support/subnet.js";

describe("a miner that starts after its window", { timeout: HANG_GUARD }, () => {
  it("says which window closed, and when the next cycle begins", async (t) => {
    const subnet = await openSubnet(t);
    const { start, said } = await openPrograms(t, subnet);
    await subnet.to(subnet.window(1, "evaluate").start);
    await start("ann");
    assert.deepEqual(await said("ann", "too late for this cycle", 1), {
      cycle: 1,
      closed: "train",
      closedAtBlock: subnet.window(1, "train").end,
      block: subnet.window(1, "evaluate").start,
      nextCycle: 2,
      nextBeginsAtBlock: subnet.window(2, "distribute").start,
    });
  });
});
