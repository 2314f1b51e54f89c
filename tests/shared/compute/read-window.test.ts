import assert from "node:assert/strict";
import { it } from "node:test";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import { readSprintWindow } from "#shared/compute/read-window.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { networkHash } from "#shared/protocol/network.js";
import { phaseAt } from "#shared/protocol/phases.js";
import {
  type ChecksHeldRecord,
  type ChecksRecord,
  type EnterRecord,
  encodeRecord,
  type SprintRecord,
  shortHash,
} from "#shared/protocol/records.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import type { CycleSource } from "#shared/replay/source.js";
import { NEWCOMER } from "#shared/reputation/reputation.js";
import { template } from "../../support/micro-network.js";
import { devSigner } from "../protocol/keys.js";

it("confirmations of a Sprint that cannot be read bound nothing of the one before", async () => {
  const sprint = sprintSchema.parse({ every: 4, dials: "tiny", confirmations: 1 });
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 4, sprint };
  const gone = async () => {
    throw new BlockZeroError("STATE_DISCARDED", "gone", "ask an archive");
  };
  const chain = { blockHash: async () => "0".repeat(64), metagraph: gone, commitments: gone };
  const source = { network, networkHash: networkHash(network), chain, fetch: gone } as unknown as CycleSource;
  const part = { uid: 3, hotkey: "ann", low: 0, high: 0 };
  const settled = (cycle: number, confirms: number | null, outcome: "valid" | "absent", measured: number) => {
    const result = { cycle, confirms, isWhole: true, outcomes: [{ ...part, outcome, measured }] };
    return [cycle, result as unknown as SprintResult] as const;
  };
  const weightBy = async (...sprints: readonly (readonly [number, SprintResult])[]) => {
    const arithmetic = async () => assert.fail("nothing is to be recomputed");
    const { confirmed, unknown } = await readSprintWindow(source, 10, { arithmetic, known: new Map(sprints) });
    return [confirmed?.get("ann")?.weight, unknown];
  };
  const [first, second] = [settled(4, null, "valid", 800), settled(8, null, "valid", 900)];
  const missed = settled(9, 8, "absent", 0);
  assert.deepEqual(await weightBy(first, missed), [800, [8]]);
  assert.deepEqual(await weightBy(first, second, missed), [0, []]);
});

it("a Sprint whose documents nobody serves any more counts as none, not as one in which nobody was found valid", async () => {
  const sprint = sprintSchema.parse({ every: 4, dials: "tiny" });
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 4, sprint };
  const hash = networkHash(network);
  const [ann, vera] = [devSigner("//Ann"), devSigner("//Vera")];
  const head = { network: shortHash(hash), cycle: 4, location: "http://127.0.0.1:1" };
  const neuron = { stake: 0n, validatorPermit: false };
  const neurons = [
    { ...neuron, uid: 0, hotkey: vera.address, stake: 1000n, validatorPermit: true },
    { ...neuron, uid: 1, hotkey: ann.address },
  ];
  const records: readonly (readonly [string, EnterRecord | SprintRecord | ChecksRecord | ChecksHeldRecord])[] = [
    [ann.address, { type: "enter", ...head, difficulty: 8 }],
    [ann.address, { type: "sprint", ...head, proof: "a".repeat(64), wins: 10, nonces: 80 }],
    [vera.address, { type: "checks", ...head, checks: "b".repeat(64) }],
    [vera.address, { type: "checksheld", network: head.network, cycle: 4, held: [0] }],
  ];
  // The chain keeps one record a key.
  const commitments = async (_: number, at: number) => {
    const newest = new Map<string, unknown>();
    for (const [hotkey, record] of records) {
      const block = recordWindow(record.type, 4, network).start;
      if (block <= at) newest.set(hotkey, { hotkey, block, data: encodeRecord(record) });
    }
    return [...newest.values()];
  };
  const chain = { blockHash: async () => "0".repeat(64), metagraph: async () => ({ neurons }), commitments };
  const fetch = async () => {
    throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask later");
  };
  const source = { network, networkHash: hash, chain, fetch } as unknown as CycleSource;
  const arithmetic = async () => assert.fail("nothing is to be recomputed");
  const { confirmed, unknown, results } = await readSprintWindow(source, 8, { arithmetic });
  assert.deepEqual([confirmed, unknown, results], [undefined, [4], []]);
});

it("the newest Sprint is read first: time may run out", async () => {
  const sprint = sprintSchema.parse({ every: 4, dials: "tiny" });
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 4, sprint };
  const asked: number[] = [];
  const gone = async (_: number, at: number) => {
    asked.push(phaseAt(at, network.phases).cycle);
    throw new BlockZeroError("STATE_DISCARDED", "gone", "ask an archive");
  };
  const chain = { blockHash: async () => "0".repeat(64), metagraph: gone, commitments: gone };
  const source = { network, networkHash: networkHash(network), chain } as unknown as CycleSource;
  const { unknown } = await readSprintWindow(source, 13, {
    arithmetic: async () => assert.fail("nothing is to be recomputed"),
  });
  assert.deepEqual(unknown, [4, 8, 12]);
  const [first, last] = [asked.findIndex((cycle) => cycle < 12), asked.findLastIndex((cycle) => cycle >= 12)];
  assert.ok(first > last, asked.join(" "));
});

it("a Sprint that agrees on no reputations takes nothing from what was agreed on before", async () => {
  const sprint = sprintSchema.parse({ every: 4, dials: "tiny" });
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 4, sprint };
  const gone = async () => {
    throw new BlockZeroError("STATE_DISCARDED", "gone", "ask an archive");
  };
  const chain = { blockHash: async () => "0".repeat(64), metagraph: gone, commitments: gone };
  const source = { network, networkHash: networkHash(network), chain, fetch: gone } as unknown as CycleSource;
  const agreedBy = async (...agreed: readonly (number | null | undefined)[]) => {
    const known = new Map(
      agreed.flatMap((value, i) => {
        const cycle = 4 * (i + 1);
        const reputations = value == null ? null : new Map(value === 0 ? [] : [["ann", { ...NEWCOMER, value }]]);
        const settled = { cycle, confirms: null, isWhole: true, outcomes: [], reputations };
        return value === undefined ? [] : [[cycle, settled as unknown as SprintResult] as const];
      }),
    );
    const arithmetic = async () => assert.fail("nothing is to be recomputed");
    const window = await readSprintWindow(source, 4 * (agreed.length + 1), { arithmetic, known });
    return [window.reputations.get("ann")?.value ?? null, window.notAgreedAfter];
  };
  assert.deepEqual(await agreedBy(1_000_000, null), [1_000_000, 2]);
  assert.deepEqual(await agreedBy(1_000_000, 0), [null, 6], "that all are newcomers is agreed on");
  assert.deepEqual(await agreedBy(undefined, 500_000, null, null), [500_000, 6]);
  assert.deepEqual(await agreedBy(1_000_000, undefined, null), [null, 10], "nobody can say what the second agreed on");
  assert.deepEqual(await agreedBy(null, null), [null, -1]);
});
