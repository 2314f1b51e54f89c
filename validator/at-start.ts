import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { dutyThroughFaults } from "#shared/participant/duty-through-faults.js";
import type { Participant } from "#shared/participant/participant.js";
import { isBlockLeft, type Phase, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import type { Duty } from "#shared/telemetry/instruments/labels.js";

/** A duty of the cycle under way that needs no model: it is begun before one is opened, which may take longer than its phase. */
export interface DutyAtStart {
  readonly duty: Duty;
  /** Such as `the report`. */
  readonly name: string;
  readonly phase: Phase;
}

/** The cycle under way, where its phase has a block left; else null. */
export const cycleAtStart = (
  { clock, network }: Pick<Participant, "clock" | "network">,
  { phase }: Pick<DutyAtStart, "phase">,
): number | null => {
  const { cycle } = phaseAt(clock.head.number + 1, network.phases);
  return isBlockLeft(phaseWindow(cycle, phase, network.phases), clock.head.number) ? cycle : null;
};

/** Does it, within its phase. @throws what keeps it from that: the cycle tries it again, and says so */
export const doAtStart = <T>(
  participant: Participant,
  cycle: number,
  { duty, name, phase }: DutyAtStart,
  work: (bounded: Participant) => Promise<T>,
): Promise<T> => {
  const deadline = phaseWindow(cycle, phase, participant.network.phases).end + 1;
  return dutyThroughFaults(participant, { duty, name: `${name} of cycle ${cycle}`, deadline }, work, isFetchFault);
};
