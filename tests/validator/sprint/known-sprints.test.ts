import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { rememberSprint } from "#shared/compute/memory/remember-sprint.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { networkHash } from "#shared/protocol/network.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { validatorJournalSchema } from "#validator/journal.js";
import { knownWeights } from "#validator/sprint/known-gate.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { collectingLog } from "../../shared/chain/support.js";
import { template } from "../../support/micro-network.js";

const HOTKEY = "5DnvcGdfQVaGS857cm2WwUeMxBmuHCtnLjgTTXHdn1aK9HJ7";

const PART = {
  ...{ uid: 3, hotkey: HOTKEY, difficulty: 8, proof: null, wins: 0, nonces: 0, low: 0, high: 0 },
  ...{ fault: null, nonce: null, validBy: 1, invalidBy: 0, validWithUnheard: 1 },
} as const;

it("confirmations of a Sprint that a validator does not know bound nothing of the one before", async (t) => {
  const journal = openJournal(join(temporaryFolder(t), "validator.json"), validatorJournalSchema);
  const sprint = sprintSchema.parse({ every: 4, dials: "tiny", confirmations: 0.5, required: 1000 });
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 0, sprint };
  const remember = (cycle: number, confirms: number | null, outcome: "valid" | "absent", measured: number) => {
    const part = { ...PART, outcome, measured };
    rememberSprint(journal, { cycle, confirms, isWhole: true, outcomes: [part], reputations: new Map() });
  };
  const draws = [9, 10, 11].map((cycle) => ({ cycle, isDrawn: cycle === 9 }));
  journal.update((value) => ({ ...value, draws }));
  remember(4, null, "valid", 800);
  remember(9, 8, "absent", 0);
  const { log } = collectingLog();
  const participant = { network, networkHash: networkHash(network), log };
  const knowing = { participant, journal } as unknown as Parameters<typeof knownWeights>[0];
  assert.equal((await knownWeights(knowing, 10))?.get(HOTKEY)?.weight, 800);
  remember(8, null, "valid", 900);
  assert.equal((await knownWeights(knowing, 10))?.get(HOTKEY)?.weight, 0);
});
