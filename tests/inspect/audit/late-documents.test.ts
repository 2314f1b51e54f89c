import assert from "node:assert/strict";
import { it } from "node:test";
import { auditDuty } from "#inspect/audit/audit-duty.js";
import { openFindings } from "#inspect/audit/findings.js";
import type { DutyResult } from "#shared/compute/duty/read-duty.js";
import { dutyParts } from "#shared/compute/duty/standing.js";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import { NEWCOMER } from "#shared/reputation/reputation.js";
import { type Host, simulateCycle } from "#tests/shared/settlement/simulated-cycle.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { lookAt } from "#tests/support/look-at.js";
import { openSubnet } from "#tests/support/subnet.js";

const SPRINT = sprintSchema.parse({ every: 1, dials: "tiny", duty: { tasks: 20, reputation: "corrected" } });
const BEFORE = 500_000;

/** Pat's win is false, which members flag; Tom did nothing of its duty, and committed to nothing; Half did some of it. */
const HOSTS: readonly Host[] = [
  ...["ann", "bob", "cal"].map((name) => ({ name, tasks: 20, plants: false })),
  { name: "half", tasks: 20, plants: false, says: (truth, { id }) => (id < "8" ? truth : null) },
  { name: "pat", tasks: 1, plants: false, wrong: 1, weight: 0n },
  { name: "tom", tasks: 20, plants: false, says: () => null, answers: false },
];
const { inputs, closed } = simulateCycle("late", HOSTS);

/** The duty of cycle 2 as an auditor closes it, with every document. */
const closedWith = (accusedByValidators: readonly string[]): DutyResult => ({
  cycle: 2,
  inputs: { ...inputs, duties: new Map(), answers: new Map() },
  closed,
  parts: dutyParts(inputs, closed),
  problems: new Map(),
  committed: new Set(["ann", "bob", "cal", "half"]),
  accusedByValidators: new Set(accusedByValidators),
  isWhole: true,
});

const reputationsOf = (values: Readonly<Record<string, number>>) =>
  new Map(Object.entries(values).map(([hotkey, value]) => [hotkey, { ...NEWCOMER, value }]));

/** A settled Sprint in whose checks validators stated this. */
const settled = (cycle: number, values: Readonly<Record<string, number>>): SprintResult => ({
  ...{ cycle, confirms: null, sprint: SPRINT, stakes: new Map(), proofs: [], outcomes: [], validators: [] },
  ...{ reputations: reputationsOf(values), isWhole: true, isReadable: true },
});

it("documents that are served late make an audit diverge of no honest statement, and excuse no other", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
  await subnet.to(lastBlockFor("answers", 4, subnet));
  const { source, head } = await lookAt(t, subnet);
  const agreed = Object.fromEntries(HOSTS.map(({ name }) => [name, BEFORE]));
  const audit = async (stated: Readonly<Record<string, number>>, accused: readonly string[] = []) => {
    const known = new Map([1, 2, 3].map((cycle) => [cycle, settled(cycle, agreed)]));
    known.set(4, settled(4, stated));
    const findings = openFindings(4);
    const knownDuty = new Map([[2, closedWith(accused)]]);
    await auditDuty(source, { cycle: 4, head, memory: { known, knownDuty } }, findings);
    const { divergences, notes } = findings.finish();
    const noted = notes.filter((note) => note.includes("may not have had in time"));
    return [divergences.length, noted.length];
  };
  const clean = BEFORE + 33_334;
  assert.deepEqual(await audit({ ann: clean, bob: clean, tom: 0, pat: 0 }), [0, 0]);
  // Ann's documents came late: all of her duty was missed then.
  assert.deepEqual(await audit({ ann: 0 }), [0, 1]);
  assert.deepEqual(await audit({ ann: BEFORE }), [0, 1]);
  assert.deepEqual(await audit({ ann: clean + 1 }), [1, 0]);
  // Half's were unknown.
  assert.deepEqual(await audit({ half: clean }), [0, 1]);
  assert.deepEqual(await audit({ half: clean + 1 }), [1, 0]);
  // Tom had none.
  assert.deepEqual(await audit({ tom: 1 }), [1, 0]);
  // Members alone show that Pat's win is false, or validators do.
  assert.deepEqual(await audit({ pat: BEFORE }), [0, 1]);
  assert.deepEqual(await audit({ pat: BEFORE + 1 }), [1, 0]);
  assert.deepEqual(await audit({ pat: BEFORE }, ["pat"]), [1, 0]);
});
