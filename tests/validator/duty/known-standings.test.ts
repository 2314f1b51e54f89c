import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { paidBy } from "#shared/compute/duty/standing.js";
import { rememberSprint } from "#shared/compute/memory/remember-sprint.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { networkHash } from "#shared/protocol/network.js";
import { sprintSchema, withDuty } from "#shared/protocol/sprint.js";
import { NEWCOMER } from "#shared/reputation/reputation.js";
import { knownStandings, reputationsToState } from "#validator/duty/known-standings.js";
import { rememberDuty } from "#validator/duty/remember-duty.js";
import { validatorJournalSchema } from "#validator/journal.js";
import { knownWindow } from "#validator/sprint/known-gate.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { collectingLog } from "../../shared/chain/support.js";
import { devSigner } from "../../shared/protocol/keys.js";
import { template } from "../../support/micro-network.js";

const [ANN, BOB] = [devSigner("//Ann").address, devSigner("//Bob").address];

it("a Sprint of which nobody can be heard leaves what was agreed on before, and the steps of all duty since", async (t) => {
  const journal = openJournal(join(temporaryFolder(t), "validator.json"), validatorJournalSchema);
  const sprint = sprintSchema.parse({ every: 4, dials: "tiny", duty: { tasks: 20, cut: 1, reputation: "corrected" } });
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 4, sprint };
  const participant = { network, networkHash: networkHash(network), log: collectingLog().log };
  const knowing = { participant, journal } as unknown as Parameters<typeof reputationsToState>[0];
  const agreed = new Map([ANN, BOB].map((hotkey) => [hotkey, { ...NEWCOMER, value: 500_000 }]));
  const remember = (cycle: number, reputations: typeof agreed | null) =>
    rememberSprint(journal, { cycle, confirms: null, isWhole: true, outcomes: [], reputations });
  const close = (cycle: number, isFraud: boolean) => {
    const part = { tasks: 20, duties: 0, missed: 0, missRate: 0, checked: 20, verified: 0, credit: 0 };
    const parts = [
      { ...part, hotkey: ANN, isFraud: false, released: 1_000_000 },
      { ...part, hotkey: BOB, isFraud, released: isFraud ? 0 : 1_000_000 },
    ];
    rememberDuty(journal, { cycle, isWhole: true, parts });
  };
  const stated = async (cycle: number) =>
    (await reputationsToState(knowing, cycle))?.map(({ hotkey, value }) => [hotkey, value]);
  const partOf = async (cycle: number) => paidBy(withDuty(sprint)!, (await knownStandings(knowing, cycle))?.get(BOB));
  remember(4, agreed);
  remember(8, null);
  remember(12, null);
  assert.equal(await stated(16), undefined, "the duty of cycle 4, which has tasks, is not closed");
  close(4, true);
  assert.equal(await partOf(6), 0);
  const known = [[ANN, 533_334]];
  for (const cycle of [12, 16]) assert.deepEqual(await stated(cycle), known, "nobody needs to close what has no tasks");
  assert.equal((await reputationsToState(knowing, 16))![0]!.idle, 2);
  assert.equal(await partOf(14), 1, "nor does it take any pay");
  assert.deepEqual((await knownWindow(knowing, 16)).reputations, agreed, "duty is drawn by them too");
  remember(8, new Map());
  assert.equal(await stated(16), undefined, "somebody was heard in cycle 8, and its duty is not closed");
  close(8, false);
  assert.deepEqual(
    new Map((await stated(16)) as [string, number][]),
    new Map([ANN, BOB].map((hotkey) => [hotkey, 33_334])),
    "all were newcomers in cycle 8",
  );
});

it("who does not know what the newest Sprint agreed on states nothing, whatever one before it did", async (t) => {
  const journal = openJournal(join(temporaryFolder(t), "validator.json"), validatorJournalSchema);
  const sprint = sprintSchema.parse({ every: 4, dials: "tiny", duty: { tasks: 20, reputation: "corrected" } });
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 4, sprint };
  const participant = { network, networkHash: networkHash(network), log: collectingLog().log };
  const knowing = { participant, journal } as unknown as Parameters<typeof reputationsToState>[0];
  for (const cycle of [4, 8, 12]) rememberDuty(journal, { cycle, isWhole: true, parts: [] });
  const remember = (cycle: number, value: number | null) => {
    const reputations = value === null ? null : new Map([[ANN, { ...NEWCOMER, value }]]);
    rememberSprint(journal, { cycle, confirms: null, isWhole: true, outcomes: [], reputations });
  };
  remember(4, 1_000_000);
  remember(12, null);
  assert.equal(await reputationsToState(knowing, 16), undefined);
  assert.equal((await knownWindow(knowing, 16)).reputations.size, 0);
  remember(8, 500_000);
  assert.deepEqual(
    (await reputationsToState(knowing, 16))?.map(({ value }) => value),
    [500_000],
  );
});
