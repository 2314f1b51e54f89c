import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Participant } from "#shared/participant/participant.js";
import { phaseAt } from "#shared/protocol/phases.js";
import { ancestry } from "#shared/replay/lineage.js";
import { orAbort } from "#shared/util/deadline.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";
import { ancestorsInTime, earlierUpdates } from "#validator/judge/known-updates.js";
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

it("an older model that nobody has, or that does not come in time, costs what was merged before it and no report", {
  timeout: HANG_GUARD,
}, async (t) => {
  const home = temporaryFolder(t);
  writeFileSync(join(home, "updates.json"), JSON.stringify({ 9: [updateOf(9)] }));
  const parts = { hub: {}, groups: { math: {} } };
  const newest = { cycle: 10, parent: "gone", parts, steps: { math: 1 }, merged: [updateOf(8)] };
  const signal = new AbortController().signal;
  const withFault = (older: (until: AbortSignal) => Promise<never>) =>
    ({
      ...{ home, network: { ...template, genesis: "0".repeat(64), first_cycle: 1 }, networkHash: "1".repeat(64) },
      ...{ log: collectingLog().log, signal },
      models: { manifest: async (hash: string, until: AbortSignal) => (hash === "gone" ? older(until) : newest) },
    }) as unknown as Participant;
  const learn = async (participant: Participant, until: AbortSignal) => {
    const faults: string[] = [];
    const asked = { cycle: 11, base: "new", until };
    const merged = await ancestry(ancestorsInTime(participant, asked, ({ code }) => faults.push(code)));
    const { updates } = await earlierUpdates(participant, asked);
    return { faults, merged: merged.map(({ cycle }) => cycle), updates: updates.map(({ cycle }) => cycle) };
  };

  const missing = withFault(async () => {
    throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask sooner");
  });
  const known = { merged: [10], updates: [9] };
  assert.deepEqual(await learn(missing, AbortSignal.abort()), { faults: ["FETCH_NOT_FOUND"], ...known });

  const over = new AbortController();
  const dripping = withFault(async (until) => {
    setTimeout(() => over.abort(), 20);
    return orAbort(new Promise<never>(() => {}), until);
  });
  assert.deepEqual(await learn(dripping, over.signal), { faults: ["FETCH_TIMEOUT"], ...known });

  const broken = withFault(async () => {
    throw new BlockZeroError("CHAIN_TIMEOUT", "no answer", "ask again");
  });
  await assert.rejects(learn(broken, new AbortController().signal), { code: "CHAIN_TIMEOUT" });
});
