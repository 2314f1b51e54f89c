import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { knownDraw } from "#shared/compute/memory/known-draw.js";
import { rememberedSprints } from "#shared/compute/memory/remember-sprint.js";
import { readSprint, type SettledSprint } from "#shared/compute/read-sprint.js";
import { type Recomputer, withRecomputer } from "#shared/compute/recomputer.js";
import { type PastSprint, sprintsBefore } from "#shared/compute/sprint-window.js";
import { readUntilWhole } from "#shared/participant/at-every-block.js";
import { attempt } from "#shared/participant/attempt.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { isOfAFork } from "#shared/participant/remembered-sprint.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { underNetwork } from "#shared/participant/under-network.js";
import { waitForFiles } from "#shared/participant/waiting.js";
import { withinBlocks } from "#shared/participant/within-blocks.js";
import { BLOCKS_TO_RECORD, phaseWindow } from "#shared/protocol/phases.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { DutyMember } from "./context.js";

/** Cycles for which participants that keep files as long as they do by default have what a Sprint is settled by. */
const SERVED = 4;

/**
 * Reads how the last cycles' Sprints, confirmations and idle time were settled, as far as it is not known yet, and
 * remembers it, member or not: who is a member follows from eight Sprints, and participants keep what these are settled
 * by for a few cycles. What the cycle before is settled by is asked for at every block until the exchange phase; of all
 * else only a server or chain that did not answer is asked again until then. The answers of the exchange phase wait for
 * it: what is known in part of older Sprints is left to `settleRest`.
 */
export const settleSprints = (member: DutyMember, cycle: number): Promise<void> => {
  const { start, end } = phaseWindow(cycle, "exchange", member.participant.network.phases);
  return settle(member, cycle, {
    retryDeadline: start,
    end,
    isDue: async (known, past, participant) => {
      if (known === undefined || (past === cycle - 1 && !known.isWhole)) return true;
      return isOfAFork(participant, known);
    },
  });
};

/**
 * The same, once the answers are given, of older ones that are known in part, and of those that were read in the state
 * of a block that a fork replaced since: they are read while it is the newest. What is known in part of the cycle
 * before was asked for until a moment ago, and is again in the next cycle.
 */
export const settleRest = (member: DutyMember, cycle: number): Promise<void> => {
  const { end } = phaseWindow(cycle, "choose", member.participant.network.phases);
  return settle(member, cycle, {
    retryDeadline: end,
    end,
    isDue: async (known, past, participant) =>
      known !== undefined && ((past < cycle - 1 && !known.isWhole) || (await isOfAFork(participant, known))),
  });
};

interface Settling {
  /** Block before which a server or chain that did not answer is asked again. */
  readonly retryDeadline: number;
  /** Block at which it ends. */
  readonly end: number;
  /** Whether a cycle's Sprint is to be read. */
  isDue(known: SettledSprint | undefined, cycle: number, former: DutyMember["participant"]): Promise<boolean>;
}

const settle = async (member: DutyMember, cycle: number, settling: Settling): Promise<void> => {
  const { end } = settling;
  // Who begins so late reads them with what it needs them for.
  if (member.participant.clock.head.number >= end) return;
  await withinBlocks(
    member.participant,
    { duty: "settle", name: `reading the Sprints before cycle ${cycle}`, deadline: end },
    (participant) => settleDue({ ...member, participant }, cycle, settling),
  );
};

const settleDue = async (
  member: DutyMember,
  cycle: number,
  { retryDeadline: deadline, isDue }: Settling,
): Promise<void> => {
  const { participant, journal } = member;
  const known = rememberedSprints(journal);
  const again = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    throughFaults(participant, { name, deadline }, work, isFetchFault);
  const { sprints, confirmations, idle } = await again(`the Sprints before cycle ${cycle}`, () =>
    sprintsBefore(cycleSource(participant), cycle, knownDraw(journal)),
  );
  const served = [...sprints, ...confirmations, ...idle].filter((past) => past.cycle >= cycle - SERVED);
  const due = await Promise.all(
    served.map((past) => isDue(known.get(past.cycle), past.cycle, underNetwork(participant, past.source))),
  );
  await Promise.all(
    served
      .filter((_, i) => due[i])
      .map((past) =>
        attempt(participant, { failure: "Sprint not read", cycle: past.cycle }, async () => {
          const result = await again(`the Sprint of cycle ${past.cycle}`, () => read(member, past, cycle));
          if (result.isReadable) known.set(past.cycle, result);
        }),
      ),
  );
};

/** Reads a Sprint: its files at once, and what they name is recomputed when the machine searches no more. */
const read = async ({ participant, arithmetic }: DutyMember, past: PastSprint<CycleSource>, cycle: number) => {
  const { clock, network, signal } = participant;
  const exchange = phaseWindow(cycle, "exchange", network.phases).start - 1;
  // The machine searches until then, and whoever accuses a proof has everybody recompute it.
  const free = recordWindow("sprint", cycle, network).end - BLOCKS_TO_RECORD;
  const deadline = past.cycle === cycle - 1 ? exchange : 0;
  let isPutOff = false;
  const reader = underNetwork(participant, past.source);
  const readFiles = () =>
    waitForFiles(reader, { deadline, isHeld: true }, (wait) => {
      const { source } = wait;
      // What the seeds need is asked for last.
      return withRecomputer(wait.eachWaited, { ...past, arithmetic, signal }, (recomputer) => {
        const later: Pick<Recomputer, "losersOf"> = {
          losersOf: async (claims) => {
            isPutOff = clock.head.number < free && claims.some(({ nonces }) => nonces.length > 0);
            return isPutOff ? claims.map(() => []) : recomputer.losersOf(claims);
          },
        };
        return readUntilWhole(participant, wait, () => readSprint(source, { ...past, recomputer: later }));
      });
    });
  const result = await readFiles();
  if (!isPutOff) return result;
  await clock.reach(free, signal);
  return readFiles();
};
