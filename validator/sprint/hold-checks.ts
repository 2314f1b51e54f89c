import { fetchChecks, readCommittedChecks } from "#shared/compute/committed-checks.js";
import { askAtEveryBlock } from "#shared/participant/at-every-block.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { MAX_HELD } from "#shared/protocol/bitmap.js";
import { BLOCKS_TO_RECORD } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { lastBlockFor, recordWindow } from "#shared/replay/phase-records.js";
import { mark } from "../mark.js";
import type { Checker } from "./context.js";

/**
 * Fetches the documents of checks of a Sprint from any participant that has them, so that this validator can serve them. Then records on chain,
 * once, which it holds. It waits for a server that cannot be reached, but leaves enough time for the record.
 */
export const holdChecks = async ({ participant, journal }: Checker, cycle: number): Promise<void> => {
  const { clock, network, networkHash, signal, log } = participant;
  if (journal.value.cycles[cycle]?.checksExchanged !== undefined) return;
  const window = recordWindow("checksheld", cycle, network);
  await clock.reach(lastBlockFor("checks", cycle, participant), signal);
  const held = await fetchAll(participant, cycle, window.end - BLOCKS_TO_RECORD);
  const block = await participant.commitOnce({
    key: `${cycle}/checksheld`,
    data: encodeRecord({
      type: "checksheld",
      network: shortHash(networkHash),
      cycle,
      held: held.filter((number) => number < MAX_HELD),
    }),
    window,
  });
  mark({ journal }, cycle, { checksExchanged: block });
  log.info("exchanged checks", { cycle, held: held.length, block });
};

/** Numbers of the committed documents that are here at block `deadline`, and are checks of this Sprint. */
const fetchAll = async (participant: Participant, cycle: number, deadline: number): Promise<readonly number[]> => {
  const { clock, signal, log } = participant;
  const committed = await readCommittedChecks(participant, cycle);
  const until = Math.max(deadline, clock.head.number + 1);
  return untilBlock(clock, until, signal, async (patience) => {
    const source = cycleSource(participant, { until: patience, isHeld: true });
    const isHere = await Promise.all(
      committed.map(async (one): Promise<boolean> => {
        const leftOut = (reason: string | null) => {
          log.warn("checks left out", { cycle, hotkey: one.hotkey, reason });
          return false;
        };
        const asked = await askAtEveryBlock(participant, { until: patience, deadline: until }, () =>
          fetchChecks(source, cycle, one),
        );
        if ("reason" in asked) return leftOut(asked.reason);
        const { checks, problem } = asked.value;
        return checks === null ? leftOut(problem) : true;
      }),
    );
    return isHere.flatMap((here, number) => (here ? [number] : []));
  });
};
