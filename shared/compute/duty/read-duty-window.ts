import { withDuty } from "#shared/protocol/sprint.js";
import { isGone } from "#shared/replay/cycle-outcomes.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { Reputation } from "#shared/reputation/reputation.js";
import { createJudge } from "../judge.js";
import { type ReadWindowOptions, readSprintWindow } from "../read-window.js";
import { regularSprints } from "../sprint-window.js";
import { membersBy } from "./duty-inputs.js";
import { type DutyResult, readDuty } from "./read-duty.js";
import { type DutyStanding, dutyStandings } from "./standing.js";

/** The closed duty that pay in a cycle depends on, as far as it can still be read. */
export interface DutyWindow {
  /** Ascending. */
  readonly results: readonly DutyResult[];
  /** Cycles whose duty cannot be had any more, or not in full. */
  readonly unknown: readonly number[];
  /** Hotkey → standing. Undefined if no Sprint's duty is closed. */
  readonly standings: ReadonlyMap<string, DutyStanding> | undefined;
}

export interface ReadDutyWindowOptions extends ReadWindowOptions {
  /** Duty that was closed before, by cycle. What is read in full is added. */
  readonly knownDuty?: Map<number, DutyResult>;
}

/** Hotkey → reputation by standings. */
export const reputationsIn = (standings: ReadonlyMap<string, DutyStanding>): ReadonlyMap<string, Reputation> =>
  new Map([...standings].map(([hotkey, { reputation }]) => [hotkey, reputation]));

/**
 * Reads and closes the duty that pay in a cycle depends on: that of the Sprints up to two cycles before, whose answers were on chain before the cycle
 * began. @throws what reading the chain and the judge throw
 */
export const readDutyWindow = async (
  source: CycleSource,
  cycle: number,
  { knownDuty = new Map(), ...options }: ReadDutyWindowOptions,
): Promise<DutyWindow> => {
  const results: DutyResult[] = [];
  const unknown: number[] = [];
  for (const past of await regularSprints(source, cycle - 1)) {
    const sprint = withDuty(past.sprint);
    if (!sprint) continue;
    const judge = createJudge(past.source, { ...past, ...options });
    try {
      const known = knownDuty.get(past.cycle);
      const window = known ? undefined : await readSprintWindow(past.source, past.cycle, options);
      if (window && window.unknown.length > 0) {
        // Its members are not known in full: others would be judged.
        unknown.push(past.cycle);
        continue;
      }
      const reputations = reputationsIn(dutyStandings(results.map(({ parts }) => parts)));
      const members = membersBy(window?.confirmed);
      const result = known ?? (await readDuty(past.source, { cycle: past.cycle, sprint, members, reputations, judge }));
      if (result.isWhole) knownDuty.set(past.cycle, result);
      else unknown.push(past.cycle);
      results.push(result);
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      unknown.push(past.cycle);
    } finally {
      await judge.dispose();
    }
  }
  const parts = results.map((result) => result.parts);
  return { results, unknown, standings: results.length === 0 ? undefined : dutyStandings(parts) };
};
