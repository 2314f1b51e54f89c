import { type CommittedChecks, fetchChecks, readCommittedChecks } from "#shared/compute/committed-checks.js";
import { askAtEveryBlock } from "#shared/participant/at-every-block.js";
import { heldNumbers } from "#shared/participant/held-numbers.js";
import type { Participant } from "#shared/participant/participant.js";
import { giveAway } from "#shared/participant/secret-document.js";
import { waitForFiles } from "#shared/participant/waiting.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import { note } from "#shared/participant/writes/journal.js";
import { MAX_HELD } from "#shared/protocol/bitmap.js";
import { dueBlock } from "#shared/protocol/phases.js";
import { lastBlockFor, recordWindow } from "#shared/replay/phase-records.js";
import type { Checker } from "./context.js";

/**
 * Fetches the documents of checks of a Sprint from any participant that has them, so that this validator can serve them. Then records on chain,
 * once, which it holds. It waits for a server that cannot be reached, but leaves enough time for the record.
 */
export const holdChecks = async ({ participant, journal }: Checker, cycle: number): Promise<void> => {
  const { clock, network, signal, log } = participant;
  const { checks: own, checksExchanged } = journal.value.cycles[cycle] ?? {};
  if (checksExchanged !== undefined) return;
  const window = recordWindow("checksheld", cycle, network);
  const block = lastBlockFor("checks", cycle, participant);
  await clock.reach(block, signal);
  if (own !== undefined) await giveAway(participant, cycle, own);
  const held = await heldNumbers(participant, {
    what: `the checksheld record of cycle ${cycle}`,
    block,
    checkAt: window.start - 1,
    list: () => readCommittedChecks(participant, cycle),
    look: (committed) => fetchAll(participant, cycle, committed, dueBlock(window)),
  });
  const included = await commitRecord(
    participant,
    { type: "checksheld", cycle, held: held.filter((number) => number < MAX_HELD) },
    window,
  );
  note({ journal }, cycle, { checksExchanged: included });
  log.info("exchanged checks", { cycle, held: held.length, block: included });
};

/** Which of the committed documents are here at block `deadline`, and are checks of this Sprint. */
const fetchAll = (
  participant: Participant,
  cycle: number,
  committed: readonly CommittedChecks[],
  deadline: number,
): Promise<readonly boolean[]> =>
  waitForFiles(participant, { deadline, isHeld: true }, (wait) =>
    Promise.all(
      committed.map(async (one): Promise<boolean> => {
        const leftOut = (reason: string | null) => {
          participant.log.warn("checks left out", { cycle, hotkey: one.hotkey, reason });
          return false;
        };
        const asked = await askAtEveryBlock(participant, wait, () => fetchChecks(wait.source, cycle, one));
        if ("reason" in asked) return leftOut(asked.reason);
        return asked.value.ok || leftOut(asked.value.problem);
      }),
    ),
  );
