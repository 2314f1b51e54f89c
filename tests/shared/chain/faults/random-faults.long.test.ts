import { describe, it } from "node:test";
import fc from "fast-check";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { makeKeys } from "../support.js";
import { actions, playScenario } from "./scenario.js";

const runs = Number(process.env.BLOCKZERO_FAULT_RUNS ?? 60);

describe("writes under random faults", { timeout: HANG_GUARD }, () => {
  it(`are neither lost nor doubled, nor reported otherwise than they went, in ${runs} scenarios`, async (t) => {
    const keys = await makeKeys();
    let writes = 0;
    let blocks = 0;
    await fc.assert(
      fc.asyncProperty(actions, async (script) => {
        const played = await playScenario(keys, script);
        writes += played.writes;
        blocks += played.blocks;
      }),
      { seed: 4, numRuns: runs },
    );
    t.diagnostic(`${runs} scenarios, ${writes} writes, ${blocks} blocks`);
  });
});
