import { type Sprint, sprintOf } from "#shared/protocol/sprint.js";
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
  for (let past = cycle - 1; past >= first && found.length < SPRINT_WINDOW; past--) {
    then = await contextOf(then, past);
    const sprint = sprintOf(then.network, past);
    if (!sprint) continue;
    if (sprint.dials !== now.dials || sprint.profile !== now.profile) break;
    found.unshift({ cycle: past, sprint, source: then });
  }
  return found;
};
