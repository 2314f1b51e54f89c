import assert from "node:assert/strict";
import { it } from "node:test";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import { readSprintWindow } from "#shared/compute/read-window.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { networkHash } from "#shared/protocol/network.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import type { CycleSource } from "#shared/replay/source.js";
import { template } from "../../support/micro-network.js";

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
