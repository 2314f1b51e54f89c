import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { phaseAt } from "#shared/protocol/phases.js";
import { knownCycles, sameWeights, updatesBefore } from "#shared/replay/earlier-updates.js";
import { lineage } from "#shared/replay/lineage.js";
import type { CycleSource } from "#shared/replay/source.js";
import { template } from "../../support/micro-network.js";

/** The models of these cycles, the first of which is genesis; each says which groups took a step. */
const lineOf = (
  steps: Readonly<Record<number, Readonly<Record<string, number>>>>,
  cycles: readonly number[] = [0, 4, 6, 7],
) => {
  const manifests = new Map(
    cycles.map((cycle, i) => {
      const parts = { hub: {}, groups: { math: {}, prose: {} } };
      const manifest = { cycle, parent: i === 0 ? null : `${cycles[i - 1]}`, parts, steps: steps[cycle] ?? {} };
      return [`${cycle}`, manifest as unknown as ModelManifest];
    }),
  );
  return async (hash: string): Promise<ModelManifest> => manifests.get(hash)!;
};

test("a group's weights are those of the newest model that took a step of it", async () => {
  const manifestOf = lineOf({ 4: { math: 2, prose: 1 }, 6: { math: 0, prose: 3 }, 7: { math: 0, prose: 0 } });
  const sinceIn = async (base: string) => Object.fromEntries((await sameWeights(lineage(base, manifestOf))).since);
  assert.deepEqual(await sinceIn("7"), { math: 5, prose: 7 });
  assert.deepEqual(await sinceIn("4"), { math: 5, prose: 5 });
  assert.deepEqual(await sinceIn("0"), { math: 0, prose: 0 });
  const { baseOf } = await sameWeights(lineage("7", manifestOf));
  assert.deepEqual([5, 6, 7, 8].map(baseOf), ["4", "4", "6", "7"]);
  assert.equal((await sameWeights(lineage("0", manifestOf))).baseOf(0), "0", "the first cycle starts from genesis");
});

test("updates are known from that cycle on, and of the last 8 in any case, at most 64 cycles later and not before the network began", async () => {
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 3 };
  const source = { network, networkHash: "1".repeat(64), fetch: async () => new Uint8Array() };
  const cycles = async (cycle: number, since: Readonly<Record<string, number>>) =>
    (await knownCycles(source, cycle, { since: new Map(Object.entries(since)) })).cycles;
  assert.deepEqual(await cycles(16, { math: 5, prose: 15 }), [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  assert.deepEqual(await cycles(16, { math: 16, prose: 16 }), [8, 9, 10, 11, 12, 13, 14, 15]);
  assert.deepEqual(await cycles(8, { math: 8, prose: 8 }), [3, 4, 5, 6, 7]);
  assert.deepEqual(await cycles(5, { math: 0 }), [3, 4]);
  assert.deepEqual(await cycles(3, { math: 0 }), []);
  assert.equal((await cycles(100, { math: 0 })).length, 64);
});

/** One group took a step in each of eighty cycles, and the other stands still. */
const CYCLES = Array.from({ length: 81 }, (_, cycle) => cycle);
const standingStill = lineOf(Object.fromEntries(CYCLES.map((cycle) => [cycle, { math: 1, prose: 0 }])), CYCLES);

test("of the oldest model that is looked at it is known what its cycle started from", async () => {
  const { baseOf } = await sameWeights(lineage("70", standingStill));
  assert.deepEqual([9, 8, 7, 6].map(baseOf), ["8", "7", "6", null]);
});

test("where a group stands still, what counts for others alone is not missed", async () => {
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 0 };
  const asked = new Set<number>();
  /** Only states of the last cycles are known. */
  const stateAt = <T>(state: T) => {
    return async (_: number, block?: number): Promise<T> => {
      const { cycle } = phaseAt(block!, network.phases);
      if (cycle < 63) throw new BlockZeroError("STATE_DISCARDED", "the node no longer has that state", "ask another");
      asked.add(cycle);
      return state;
    };
  };
  const chain = { metagraph: stateAt({ neurons: [], ownerHotkey: "" }), commitments: stateAt([]) };
  const source = { network, networkHash: "1".repeat(64), chain } as unknown as CycleSource;
  /** Nor are manifests of models that the weights of its own do not come from. */
  const manifestOf = async (hash: string) => {
    if (Number(hash) < 55) throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask another");
    return standingStill(hash);
  };
  const read = async (groups: readonly string[]) => {
    let missing = 0;
    const before = { cycle: 71, base: "70", groups, onMissing: () => void missing++ };
    for await (const _ of updatesBefore(source, { ...before, manifestOf })) assert.fail("nothing was revealed");
    return missing;
  };
  assert.equal(await read(["math"]), 0);
  assert.deepEqual([...asked], [70, 69, 68, 67, 66, 65, 64, 63]);
  await assert.rejects(read(["math", "prose"]), { code: "FETCH_NOT_FOUND" });
});

test("what was revealed under a network file that cannot be had is missing", async () => {
  const succeeds = { network: "2".repeat(64), origin: "3".repeat(64) };
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 66, succeeds };
  const chain = { metagraph: async () => ({ neurons: [], ownerHotkey: "" }), commitments: async () => [] };
  const fetch = async () => {
    throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask another");
  };
  const source = { network, networkHash: "1".repeat(64), chain, fetch } as unknown as CycleSource;
  const missing = async (cycle: number) => {
    let times = 0;
    const before = { cycle, base: `${cycle - 1}`, groups: ["math"], manifestOf: standingStill };
    for await (const _ of updatesBefore(source, { ...before, onMissing: () => void times++ }))
      assert.fail("nothing was revealed");
    return times;
  };
  assert.equal(await missing(71), 1);
  assert.equal(await missing(75), 0, "nothing from before may count any more");
});
