import { type PayGate, payGate } from "#shared/compute/gate.js";
import { processor } from "#shared/compute/processor.js";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import { readSprintWindow, type SprintWindow } from "#shared/compute/read-window.js";
import type { Network } from "#shared/protocol/network.js";
import type { CycleSource } from "#shared/replay/source.js";

/** The settled Sprints that pay in a cycle depends on, or null where the network file has none. @param known Sprints that were read before */
export const readSprints = async (
  source: CycleSource,
  cycle: number,
  known: readonly SprintResult[] = [],
): Promise<SprintWindow | null> =>
  source.network.sprint
    ? readSprintWindow(source, cycle, {
        arithmetic: () => processor(),
        known: new Map(known.map((one) => [one.cycle, one])),
      })
    : null;

/** The gate on a cycle's pay by those Sprints. Undefined where pay does not depend on them. */
export const gateOf = ({ sprint }: Pick<Network, "sprint">, sprints: SprintWindow | null): PayGate | undefined =>
  payGate(sprint, sprints?.confirmed);
