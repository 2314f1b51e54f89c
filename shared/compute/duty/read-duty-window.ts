import { type SprintWithDuty, withDuty } from "#shared/protocol/sprint.js";
import { isGone } from "#shared/replay/is-gone.js";
import type { CycleSource } from "#shared/replay/source.js";
import { type ReadWindowOptions, readSprintWindow, type SprintWindow } from "../read-window.js";
import { withRecomputer } from "../recomputer.js";
import { type PastSprint, regularSprints } from "../sprint-window.js";
import { membersBy } from "./duty-inputs.js";
import { type DutyResult, readDuty } from "./read-duty.js";
import { reputationRules } from "./rules.js";
import { type DutyStanding, dutyStandings } from "./standing.js";

/** The closed duty that pay in a cycle depends on, as far as it can still be read. */
export interface DutyWindow {
  /** Ascending: the newest, and others whose reputations validators have not agreed on yet. */
  readonly results: readonly DutyResult[];
  /** Validators have not agreed yet on what those of cycles above this showed. */
  readonly after: number;
  /** Cycles whose duty cannot be had any more, or not in full. */
  readonly unknown: readonly number[];
  /** Hotkey → standing. Undefined if no Sprint's duty is closed. */
  readonly standings: ReadonlyMap<string, DutyStanding> | undefined;
}

export interface ReadDutyWindowOptions extends ReadWindowOptions {
  /** Duty that was closed before, by cycle. What is read in full is added. */
  readonly knownDuty?: Map<number, DutyResult>;
}

/**
 * Reads and closes the duty that pay in a cycle depends on: that of the newest Sprint up to two cycles before, whose answers were on chain before the
 * cycle began. Where it cannot be read, the one before it stands in.
 *
 * @param sprints `readSprintWindow` of the same cycle
 * @throws what reading the chain and recomputing throw
 */
export const readDutyWindow = async (
  source: CycleSource,
  cycle: number,
  { sprints, knownDuty = new Map(), ...options }: ReadDutyWindowOptions & { readonly sprints: SprintWindow },
): Promise<DutyWindow> => {
  const results: DutyResult[] = [];
  const unknown: number[] = [];
  const after = sprints.notAgreedAfter;
  for (const past of (await regularSprints(source, cycle - 1)).toReversed()) {
    if (results.length > 0 && past.cycle <= after) break;
    const sprint = withDuty(past.sprint);
    if (!sprint) continue;
    const result = knownDuty.get(past.cycle) ?? (await closeAgain({ ...past, sprint }, options));
    if (result?.isWhole) knownDuty.set(past.cycle, result);
    else unknown.push(past.cycle);
    if (result) results.unshift(result);
  }
  const rules = withDuty(source.network.sprint)?.duty;
  const standings =
    results.length === 0 || !rules
      ? undefined
      : dutyStandings({ agreed: sprints.reputations, closed: results, after, rules: reputationRules(rules) });
  return { results, after, unknown: unknown.sort((a, b) => a - b), standings };
};

/** Null if its state is gone, or its members are not known in full: others would be judged. */
const closeAgain = async (
  { cycle, sprint, source }: PastSprint<CycleSource> & { readonly sprint: SprintWithDuty },
  options: ReadWindowOptions,
): Promise<DutyResult | null> => {
  try {
    const { unknown, confirmed, reputations } = await readSprintWindow(source, cycle, options);
    if (unknown.length > 0) return null;
    const members = membersBy(confirmed, sprint);
    return await withRecomputer(source, { cycle, sprint, ...options }, (recomputer) =>
      readDuty(source, { cycle, sprint, members, reputations, recomputer }),
    );
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
    return null;
  }
};
