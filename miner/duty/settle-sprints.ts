import { createJudge, type SprintJudge } from "#shared/compute/judge.js";
import { knownDraw } from "#shared/compute/memory/known-draw.js";
import { rememberedSprints } from "#shared/compute/memory/remember-sprint.js";
import { readSprint } from "#shared/compute/read-sprint.js";
import { type PastSprint, sprintsBefore } from "#shared/compute/sprint-window.js";
import { readUntilWhole } from "#shared/participant/at-every-block.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { attempt, withinBlocks } from "#shared/participant/duty.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { whileWaiting } from "#shared/participant/while-waiting.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { DutyMember } from "./context.js";

/** Cycles for which participants that keep files as long as they do by default have what a Sprint is settled by. */
const SERVED = 4;

/**
 * Reads how the last cycles' Sprints, confirmations and idle time were settled, as far as it is not known yet, and remembers it, member or not:
 * who is a member follows from eight Sprints, and participants keep what these are settled by for a few cycles. What the cycle before is settled
 * by is asked for at every block until the exchange phase, all else once.
 */
export const settleSprints = (member: DutyMember, cycle: number): Promise<void> => {
  const { end } = phaseWindow(cycle, "exchange", member.participant.network.phases);
  return withinBlocks(
    member.participant,
    { duty: "settle", name: `reading the Sprints before cycle ${cycle}`, until: end },
    (participant) => settle({ ...member, participant }, cycle),
  );
};

const settle = async (member: DutyMember, cycle: number): Promise<void> => {
  const { participant, journal } = member;
  const known = rememberedSprints(journal);
  const { sprints, confirmations, idle } = await sprintsBefore(cycleSource(participant), cycle, knownDraw(journal));
  const missing = [...sprints, ...confirmations, ...idle].filter(
    (past) => past.cycle >= cycle - SERVED && !known.get(past.cycle)?.isWhole,
  );
  await Promise.all(
    missing.map((past) =>
      attempt(participant, { failure: "Sprint not read", cycle: past.cycle }, async () => {
        const result = await read(member, past, cycle);
        if (result.isReadable) known.set(past.cycle, result);
      }),
    ),
  );
};

const read = async ({ participant, arithmetic }: DutyMember, past: PastSprint<CycleSource>, cycle: number) => {
  const { clock, network, signal } = participant;
  const exchange = phaseWindow(cycle, "exchange", network.phases).start - 1;
  const then = { ...participant, network: past.source.network, networkHash: past.source.networkHash };
  const deadline = Math.max(past.cycle === cycle - 1 ? exchange : 0, clock.head.number + 1);
  const judge = createJudge(past.source, { ...past, arithmetic, signal });
  const later: Pick<SprintJudge, "losersOf"> = {
    losersOf: async (claims) => {
      // The machine searches until then, and whoever accuses a proof has everybody recompute it.
      if (claims.some(({ nonces }) => nonces.length > 0)) await clock.reach(exchange, signal);
      return judge.losersOf(claims);
    },
  };
  try {
    return await untilBlock(clock, deadline, signal, (until) => {
      const source = whileWaiting(cycleSource(then, { until, isHeld: true }), until);
      return readUntilWhole(participant, { until, deadline }, () => readSprint(source, { ...past, judge: later }));
    });
  } finally {
    await judge.dispose();
  }
};
