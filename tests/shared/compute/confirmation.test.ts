import assert from "node:assert/strict";
import { it } from "node:test";
import { z } from "zod";
import { isDrawn } from "#shared/compute/confirmation.js";
import { confirmedCycle, sprintSchema } from "#shared/protocol/sprint.js";
import { loadVectors } from "../protocol/vectors.js";

const sprint = sprintSchema.parse({ every: 4, dials: "tiny", confirmations: 0.5 });

it("confirmations are drawn as in the vectors", () => {
  const { draws } = loadVectors(
    "sprint-confirmed",
    z.object({
      draws: z.array(z.object({ seed: z.string(), cycle: z.number(), millionths: z.number(), isDrawn: z.boolean() })),
    }),
  );
  assert.equal(new Set(draws.map((one) => one.isDrawn)).size, 2);
  for (const { seed, cycle, millionths, isDrawn: expected } of draws)
    assert.equal(isDrawn(seed, cycle, { confirmations: millionths / 1e6 }), expected);
  assert.equal(isDrawn("0".repeat(64), 5, {}), false);
});

it("a cycle between two Sprints may confirm the one before, once the file has had one", () => {
  const cycles = (first_cycle: number) =>
    Array.from({ length: 10 }, (_, cycle) => confirmedCycle({ sprint, first_cycle }, cycle));
  assert.deepEqual(cycles(0), [null, 0, 0, 0, null, 4, 4, 4, null, 8]);
  assert.deepEqual(cycles(2), [null, null, null, null, null, 4, 4, 4, null, 8]);
  const { confirmations: _, ...without } = sprint;
  assert.equal(confirmedCycle({ sprint: without, first_cycle: 0 }, 1), null);
  assert.equal(confirmedCycle({ first_cycle: 0 }, 1), null);
});

it("Sprints that are far apart have no confirmations: each cycle in between is looked at", () => {
  const far = { dials: "tiny", confirmations: 0.1 };
  assert.ok(sprintSchema.safeParse({ ...far, every: 100 }).success);
  assert.ok(!sprintSchema.safeParse({ ...far, every: 101 }).success);
  assert.ok(!sprintSchema.safeParse({ ...far, every: 4, confirmations: 0 }).success);
});
