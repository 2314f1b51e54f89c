import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import type { Participant } from "#shared/participant/participant.js";
import { phaseAt } from "#shared/protocol/phases.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";
import { earlierUpdates } from "#validator/judge/known-updates.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { collectingLog } from "../../shared/chain/support.js";

const updateOf = (cycle: number) => ({
  group: "math",
  hotkey: "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
  artifact: `${cycle}`.repeat(64),
  tensors: "f".repeat(64),
});

it("a node that stalls on old states costs what it was asked for, and no time beyond the share for it", {
  timeout: HANG_GUARD,
}, async (t) => {
  const home = temporaryFolder(t);
  writeFileSync(join(home, "updates.json"), JSON.stringify({ 2: [updateOf(2)], 3: [updateOf(3)] }));
  const asked = new Set<number>();
  const over = new AbortController();
  const stall = (_: number, at: number) => {
    asked.add(phaseAt(at, template.phases).cycle);
    over.abort();
    return new Promise<never>(() => {});
  };
  const genesis = { cycle: 0, parent: null, parts: { hub: {}, groups: { math: {} } }, steps: {} };
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 1 };
  const participant = {
    ...{ home, network, networkHash: "1".repeat(64), log: collectingLog().log, signal: new AbortController().signal },
    models: { manifest: async () => genesis },
    chain: { metagraph: stall, commitments: stall },
  } as unknown as Participant;
  const { updates } = await earlierUpdates(participant, { cycle: 6, base: "0".repeat(64), until: over.signal });
  assert.deepEqual([...asked], [5]);
  assert.deepEqual(
    updates.map(({ cycle }) => cycle),
    [2, 3],
  );
});
