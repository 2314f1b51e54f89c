import type { Sprint } from "#shared/protocol/sprint.js";
import type { CycleSource } from "#shared/replay/source.js";
import { contextOf, firstCycleFrom } from "#shared/replay/succession.js";
import { SPRINT_WINDOW } from "./confirmed.js";

/** A Sprint that is settled, and how to read it: with the network file that was in force. */
export interface PastSprint<S> {
  readonly cycle: number;
  readonly sprint: Sprint;
  readonly source: S;
}

/**
 * The Sprints that pay in a cycle depends on, ascending: the last ones of earlier cycles, at most `SPRINT_WINDOW`, all with the same network of
 * nonces. Those before a change of dials or profile count other nonces.
 *
 * @param source of the network that is in force in the cycle. Without `sprint` there are none
 */
export const sprintsBefore = async <S extends Pick<CycleSource, "network" | "networkHash" | "fetch">>(
  source: S,
  cycle: number,
): Promise<readonly PastSprint<S>[]> => {
  const now = source.network.sprint;
  if (!now) return [];
  const first = await firstCycleFrom(source, Math.max(0, cycle - SPRINT_WINDOW * now.every));
  const found: PastSprint<S>[] = [];
  let then = source;
  let last = cycle - 1;
  while (last >= first && found.length < SPRINT_WINDOW) {
    then = await contextOf(then, last);
    const { sprint, first_cycle } = then.network;
    const past = sprint === undefined ? -1 : last - (last % sprint.every);
    if (sprint === undefined || past < first_cycle) {
      last = Math.min(last, first_cycle) - 1;
      continue;
    }
    if (past < first || sprint.dials !== now.dials || sprint.profile !== now.profile) break;
    found.unshift({ cycle: past, sprint, source: then });
    last = past - 1;
  }
  return found;
};
