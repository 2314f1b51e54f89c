import { confirmedCycle, idleSprint, type PlayedSprint, SPRINT_WINDOW } from "#shared/protocol/sprint.js";
import { isGone } from "#shared/replay/is-gone.js";
import type { CycleSource } from "#shared/replay/source.js";
import { contextOf, formerOf, knownCyclesFrom } from "#shared/replay/succession.js";
import { mapLimited } from "#shared/util/map-limited.js";
import type { Draw } from "./confirmation.js";

/** A Sprint that is settled, and how to read it: with the network file that was in force. */
export interface PastSprint<S> {
  readonly cycle: number;
  readonly sprint: PlayedSprint;
  readonly source: S;
}

/** The Sprints that pay in a cycle depends on. */
export interface PastSprints<S> {
  /** Ascending: the last ones of earlier cycles, at most `SPRINT_WINDOW`. */
  readonly sprints: readonly PastSprint<S>[];
  /** Those that confirm the last of them, ascending, with the file of that Sprint; and the idle time that is to uphold it. */
  readonly confirmations: readonly PastSprint<S>[];
  readonly idle: readonly PastSprint<S>[];
  /**
   * Cycles after it of which nobody can say any more whether they had a confirmation; and the newest one of which nobody can say whether it had a
   * Sprint of the window, since the network file of then is not available.
   */
  readonly undrawn: readonly number[];
}

/** Draws that are read at once. */
const DRAWS_AT_ONCE = 8;

/**
 * The Sprints that pay in a cycle depends on, all with the same network of nonces. Those before a change of dials or profile count other nonces.
 * The last one is confirmed as its own file says, in the cycles in which that file was in force: a file that succeeds it forgives nothing.
 *
 * @param source of the network that is in force in the cycle. Without `sprint` there are none
 * @param draw   `readDraw`, or what is remembered of it
 */
export const sprintsBefore = async <S extends Pick<CycleSource, "network" | "networkHash" | "fetch">>(
  source: S,
  cycle: number,
  draw: Draw<S>,
): Promise<PastSprints<S>> => {
  const { sprints, unknown } = await findRegular(source, cycle);
  const last = sprints.at(-1);
  if (!last) return { sprints, confirmations: [], idle: [], undrawn: unknown };
  const { confirmations } = last.sprint;
  const idle = idleSprint(last.sprint);
  const draws = await mapLimited(await confirmingCycles(source, cycle, last), DRAWS_AT_ONCE, async (one) => {
    try {
      return { cycle: one, drawn: confirmations !== undefined && (await draw(last.source, one)) };
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      return { cycle: one, drawn: null };
    }
  });
  return {
    sprints,
    confirmations: draws.flatMap((one) => (one.drawn ? [{ ...last, cycle: one.cycle }] : [])),
    idle: draws.flatMap((one) => (idle && one.drawn === false ? [{ ...last, cycle: one.cycle, sprint: idle }] : [])),
    undrawn: [...unknown, ...draws.flatMap((one) => (one.drawn === null ? [one.cycle] : []))],
  };
};

/**
 * The cycles before `cycle` that may confirm a Sprint, or whose idle time is proven, ascending. The file after that of the Sprint confirms none
 * before its own first Sprint.
 */
const confirmingCycles = async <S extends Pick<CycleSource, "network" | "networkHash" | "fetch">>(
  source: S,
  cycle: number,
  { cycle: confirmed, sprint, source: then }: PastSprint<S>,
): Promise<readonly number[]> => {
  if (sprint.confirmations === undefined && !sprint.idle) return [];
  let end = Math.min(cycle, confirmed + sprint.every);
  for (let at: S | null = source; at && at.networkHash !== then.networkHash; at = await formerOf(at))
    end = Math.min(end, at.network.first_cycle);
  const after = Array.from({ length: Math.max(0, end - confirmed - 1) }, (_, i) => confirmed + 1 + i);
  return after.filter((one) => confirmedCycle(then.network, one) === confirmed);
};

/**
 * Of the Sprints that pay in a cycle depends on, those that are due in their cycle: all but confirmations and idle time. They are found by
 * arithmetic, ascending.
 */
export const regularSprints = async <S extends Pick<CycleSource, "network" | "networkHash" | "fetch">>(
  source: S,
  cycle: number,
): Promise<readonly PastSprint<S>[]> => (await findRegular(source, cycle)).sprints;

/** The same, and the newest cycle before them of which nobody can say whether it belongs to them. */
const findRegular = async <S extends Pick<CycleSource, "network" | "networkHash" | "fetch">>(
  source: S,
  cycle: number,
): Promise<{ readonly sprints: readonly PastSprint<S>[]; readonly unknown: readonly number[] }> => {
  const now = source.network.sprint;
  if (!now) return { sprints: [], unknown: [] };
  const { first, isCut } = await knownCyclesFrom(source, Math.max(0, cycle - SPRINT_WINDOW * now.every));
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
    // Those before count other nonces, or lie before the window.
    if (past < first || sprint.dials !== now.dials || sprint.profile !== now.profile)
      return { sprints: found, unknown: [] };
    found.unshift({ cycle: past, sprint, source: then });
    last = past - 1;
  }
  return { sprints: found, unknown: isCut && found.length < SPRINT_WINDOW ? [first - 1] : [] };
};
