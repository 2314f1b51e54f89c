import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { knownDraw } from "#shared/compute/memory/known-draw.js";
import { rememberSprint } from "#shared/compute/memory/remember-sprint.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import type { ValueSource } from "#shared/replay/beacon-value.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { rememberDuty } from "#validator/duty/remember-duty.js";
import { validatorJournalSchema } from "#validator/journal.js";
import { holdChecks } from "#validator/sprint/hold-checks.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openChecker, SPRINT } from "../../support/sprint.js";
import { openSubnet } from "../../support/subnet.js";

it("a disk that takes nothing costs a validator nothing that it found out about Sprints, draws and duty", async (t) => {
  const path = join(temporaryFolder(t), "validator.json");
  const journal = openJournal(path, validatorJournalSchema);
  mkdirSync(`${path}.tmp`);
  rememberSprint(journal, { cycle: 4, confirms: null, outcomes: [], reputations: new Map(), isWhole: true });
  rememberDuty(journal, { cycle: 4, parts: [], isWhole: true });
  const withoutSprints = { network: {} } as ValueSource;
  assert.equal(await knownDraw(journal)(withoutSprints, 5), false);
  const { sprints, duties, draws } = journal.value;
  assert.deepEqual(
    [sprints, duties, draws].map((all) => all.map(({ cycle }) => cycle)),
    [[4], [4], [5]],
  );
});

it("a disk that takes nothing lets a validator say once which checks it holds", { timeout: HANG_GUARD }, async (t) => {
  const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
  const vera = await openChecker(subnet, "vera");
  const { start } = recordWindow("checksheld", 1, subnet.network);
  mkdirSync(`${join(vera.participant.home, "validator.json")}.tmp`, { recursive: true });
  const holding = holdChecks(vera, 1);
  await subnet.to(start - 1);
  await subnet.sent("vera", 1);
  await subnet.to(start);
  await holding;
  assert.equal(vera.journal.value.cycles[1]?.checksExchanged, start);
});
