import { attempt } from "#shared/participant/attempt.js";
import { underNetworkOf } from "#shared/participant/under-network.js";
import { isWindowOpen } from "#shared/participant/window-open.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { type SprintWithDuty, sprintOf, withDuty } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { publishAnswers } from "./answer-audit.js";
import type { DutyMember } from "./context.js";
import { publishDuty } from "./publish-duty.js";
import { settleRest, settleSprints } from "./settle-sprints.js";

/**
 * Does a miner's duty of the network's Sprints until the participant's signal aborts, beside the cycles and Sprints:
 * whatever fails costs that duty and nothing else. Once a cycle's reveal phase is over it reads how Sprints were
 * settled, and what is asked about the one before. From the exchange phase on its device is free: it answers that, and
 * then checks wins of the Sprint that was just proven. Without duty it only waits.
 */
export const runDuties = async (member: DutyMember): Promise<never> => {
  const { clock, network, signal } = member.participant;
  const { cycle: current } = phaseAt(clock.head.number + 1, network.phases);
  const drawn: NonNullable<DutyMember["drawn"]> = new Map();
  // A duty document is due in the next cycle.
  for (let cycle = Math.max(0, current - 1); ; cycle++) {
    await clock.reach(phaseWindow(cycle, "evaluate", network.phases).start - 1, signal);
    await doCycle({ ...member, drawn }, cycle);
    drawn.delete(cycle - 1);
  }
};

/** All that is to be done from the end of a cycle's reveal phase to that of the next one's. */
const doCycle = async (member: DutyMember, cycle: number): Promise<void> => {
  const { clock, network, signal } = member.participant;
  if (withDuty(network.sprint))
    await attempt(member.participant, { failure: "Sprints not read", cycle }, () => settleSprints(member, cycle));
  await inWindow(member, cycle - 1, "answers", publishAnswers);
  await clock.reach(phaseWindow(cycle, "exchange", network.phases).start - 1, signal);
  if (withDuty(network.sprint))
    await attempt(member.participant, { failure: "Sprints not read", cycle }, () => settleRest(member, cycle));
  await inWindow(member, cycle, "duty", publishDuty);
};

/**
 * Does a duty of a cycle's Sprint, unless it has none, or it is done or over. A fault of it is only logged, and that
 * its window passed meanwhile.
 */
const inWindow = async (
  member: DutyMember,
  cycle: number,
  record: "duty" | "answers",
  work: (member: DutyMember, cycle: number, sprint: SprintWithDuty) => Promise<void>,
): Promise<void> => {
  if (cycle < 0) return;
  const failure = record === "duty" ? "missed duty" : "missed answers";
  await attempt(member.participant, { failure, cycle }, async () => {
    // The duty of a network file's last Sprint is due under the next one.
    const { end } = recordWindow(record, cycle, member.participant.network);
    const former = await underNetworkOf(member, cycle, end);
    const { network } = former.participant;
    const sprint = withDuty(sprintOf(network, cycle));
    const { cycles, sprinted } = former.journal.value;
    const { committed, answered } = cycles[cycle]?.duty ?? {};
    if (!sprint || (record === "duty" ? committed : answered) !== undefined) return;
    const window = recordWindow(record, cycle, network);
    const name = `the ${record} of the Sprint of cycle ${cycle}`;
    // Who never searched has no confirmed weight, and is no member.
    const isOwed = committed !== undefined || sprinted !== undefined;
    if (isWindowOpen(former.participant, { record, window, name, isOwed })) await work(former, cycle, sprint);
  });
};
