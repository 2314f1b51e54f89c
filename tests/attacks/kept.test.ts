import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { coded } from "../support/coded.js";
import { circumstancesOf, openKept } from "./arena/kept.js";
import type { Observation } from "./arena/observation.js";
import { runSeeds } from "./arena/run-seeds.js";

test("a run of attacks goes on from what its file holds, without a line that was cut off", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "kept.jsonl");
  const run = circumstancesOf({ model: "micro", cycles: 1 });
  const observed = ["noise", "copy"].map((attack) => ({ attack, seed: "a", payoffs: [0.1] }) as unknown as Observation);
  const kept = openKept(file, run);
  for (const observation of observed) kept.add(observation);
  assert.deepEqual(openKept(file, run).known, observed);

  const all = { model: "micro", seeds: ["a"], cycles: 1, processes: 1, onObservation: () => assert.fail() } as const;
  const again = await runSeeds({ ...all, attacks: ["copy", "noise"], known: openKept(file, run).known });
  assert.deepEqual(again, [[observed[1], observed[0]]], "nothing is lived through again");

  truncateSync(file, (await stat(file)).size - 2);
  assert.deepEqual(openKept(file, run).known, [observed[0]]);
  assert.deepEqual(openKept(file, run).known, [observed[0]], "the cut line is gone");
  assert.throws(() => openKept(file, { ...run, cycles: 2 }), coded("ATTACK_RUN_OTHER"));
  assert.throws(() => openKept(join(file, "kept.jsonl"), run), coded("FILE_UNWRITABLE"));
  appendFileSync(file, "{\n");
  assert.throws(() => openKept(file, run), coded("ATTACK_RUN_OTHER", /kept\.jsonl:3 is damaged/));
});
