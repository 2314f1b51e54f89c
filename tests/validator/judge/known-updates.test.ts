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

it("what was revealed in the last cycles is known, whatever step its group took since", {
  timeout: HANG_GUARD,
}, async (t) => {
  const home = temporaryFolder(t);
  const known = Object.fromEntries([1, 2, 9, 10].map((cycle) => [cycle, [updateOf(cycle % 10)]]));
  writeFileSync(join(home, "updates.json"), JSON.stringify(known));
  const parts = { hub: {}, groups: { math: {} } };
  const manifests: Readonly<Record<string, object>> = {
    new: { cycle: 10, parent: "genesis", parts, steps: { math: 1 } },
    genesis: { cycle: 0, parent: null, parts, steps: {} },
  };
  const over = AbortSignal.abort();
  const participant = {
    ...{ home, network: { ...template, genesis: "0".repeat(64), first_cycle: 1 }, networkHash: "1".repeat(64) },
    ...{ log: collectingLog().log, signal: new AbortController().signal },
    models: { manifest: async (hash: string) => manifests[hash] },
  } as unknown as Participant;
  const of = async (base: string) => {
    const { updates } = await earlierUpdates(participant, { cycle: 11, base, until: over });
    return updates.map(({ cycle }) => cycle);
  };
  assert.deepEqual(await of("new"), [9, 10], "a group that goes on");
  assert.deepEqual(await of("genesis"), [1, 2, 9, 10], "one that stands still");
});
