import type { DutyResult } from "#shared/compute/duty/read-duty.js";
import { type PayGate, payGate, payParts } from "#shared/compute/gate.js";
import { processor } from "#shared/compute/processor.js";
import { type PayWindow, readPayWindow } from "#shared/compute/read-pay-window.js";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import type { Network } from "#shared/protocol/network.js";
import type { CycleSource } from "#shared/replay/source.js";

/** Sprints and duty that were read before. */
export interface ReadBefore {
  readonly sprints: readonly SprintResult[];
  readonly duties: readonly DutyResult[];
}

/** The Sprints and the duty that pay in a cycle depends on, or null where the network file has none. */
export const readSprints = async (
  source: CycleSource,
  cycle: number,
  { sprints, duties }: ReadBefore = { sprints: [], duties: [] },
): Promise<PayWindow | null> =>
  source.network.sprint
    ? readPayWindow(source, cycle, {
        arithmetic: () => processor(),
        known: new Map(sprints.map((one) => [one.cycle, one])),
        knownDuty: new Map(duties.map((one) => [one.cycle, one])),
      })
    : null;

/** The gate on a cycle's pay by those. Undefined where pay does not depend on them. */
export const gateOf = ({ sprint }: Pick<Network, "sprint">, sprints: PayWindow | null): PayGate | undefined =>
  sprints === null ? undefined : payGate(sprint, sprints);

/** All that a cycle's pay depends on beside the scores, by those. */
export const payPartsOf = (
  { sprint }: Pick<Network, "sprint">,
  sprints: PayWindow | null,
): ReturnType<typeof payParts> => (sprints === null ? {} : payParts(sprint, sprints));
