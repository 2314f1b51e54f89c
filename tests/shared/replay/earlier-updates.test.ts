import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { knownCycles, sameWeights } from "#shared/replay/earlier-updates.js";
import { template } from "../../support/micro-network.js";

/** The models of cycles 4, 6 and 7, and genesis; each says which groups took a step. */
const lineOf = (steps: Readonly<Record<number, Readonly<Record<string, number>>>>) => {
  const cycles = [0, 4, 6, 7];
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
  const sinceIn = async (base: string) => Object.fromEntries((await sameWeights(base, manifestOf)).since);
  assert.deepEqual(await sinceIn("7"), { math: 5, prose: 7 });
  assert.deepEqual(await sinceIn("4"), { math: 5, prose: 5 });
  assert.deepEqual(await sinceIn("0"), { math: 0, prose: 0 });
  const { baseOf } = await sameWeights("7", manifestOf);
  assert.deepEqual([5, 6, 7, 8].map(baseOf), ["4", "4", "6", "7"]);
  assert.equal((await sameWeights("0", manifestOf)).baseOf(0), "0", "the first cycle starts from genesis");
});

test("updates are known from that cycle on, and of the last 8 in any case, at most 64 cycles later and not before the network began", async () => {
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 3 };
  const source = { network, networkHash: "1".repeat(64), fetch: async () => new Uint8Array() };
  const cycles = (cycle: number, since: Readonly<Record<string, number>>) =>
    knownCycles(source, cycle, { since: new Map(Object.entries(since)) });
  assert.deepEqual(await cycles(16, { math: 5, prose: 15 }), [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  assert.deepEqual(await cycles(16, { math: 16, prose: 16 }), [8, 9, 10, 11, 12, 13, 14, 15]);
  assert.deepEqual(await cycles(8, { math: 8, prose: 8 }), [3, 4, 5, 6, 7]);
  assert.deepEqual(await cycles(5, { math: 0 }), [3, 4]);
  assert.deepEqual(await cycles(3, { math: 0 }), []);
  assert.equal((await cycles(100, { math: 0 })).length, 64);
});
