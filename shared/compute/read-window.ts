import { isGone } from "#shared/replay/is-gone.js";
import type { CycleSource } from "#shared/replay/source.js";
import { newestAgreement, type Reputations } from "#shared/reputation/agreed-reputations.js";
import { type Draw, readDraw } from "./confirmation.js";
import { type Confirmed, confirmedWeights } from "./confirmed.js";
import { notAgreedAfter } from "./duty/not-agreed-after.js";
import type { Arithmetic } from "./profile/profile.js";
import { readSprint, type SettledSprint, type SprintResult } from "./read-sprint.js";
import { withRecomputer } from "./recomputer.js";
import { type PastSprint, sprintsBefore } from "./sprint-window.js";
import { type IdleRules, idleRules } from "./upheld.js";

/** The Sprints that pay in a cycle depends on, as far as they can still be read. */
export interface SprintWindow<R = SprintResult> {
  /** Ascending. */
  readonly results: readonly R[];
  /** Those that confirm the last of `results`, ascending. None where the newest Sprint cannot be read: they say nothing of the one before. */
  readonly confirmations: readonly R[];
  /** The idle time that was to uphold the last of `results`, ascending. None where the newest Sprint cannot be read. */
  readonly idle: readonly R[];
  /** Cycles whose Sprint cannot be had any more, or not in full. */
  readonly unknown: readonly number[];
  /** Whether a file that nobody sent is missing of one of them: it may come yet. What the chain has discarded does not. */
  readonly isAwaited: boolean;
  /** Hotkey → confirmed weight. Undefined if no Sprint is settled. */
  readonly confirmed: ReadonlyMap<string, Confirmed> | undefined;
  /** What validators agreed on in the newest Sprint that agreed on any. None where no Sprint did, or one after it cannot be read. */
  readonly reputations: Reputations;
  /** What the duty of Sprints of cycles above this showed is not in them. */
  readonly notAgreedAfter: number;
}

/** Sprints that were read before, by cycle. */
export interface KnownSprints<R> {
  get(cycle: number): R | undefined;
  set(cycle: number, result: R | SprintResult): unknown;
}

export interface ReadWindowOptions<R = SprintResult> {
  /** It is called when a nonce is to be recomputed: when a validator named one. */
  readonly arithmetic: () => Promise<Arithmetic>;
  /** What is read in full is added. */
  readonly known?: KnownSprints<R>;
  /** What is remembered of which cycles had a confirmation. Default: it is read from the chain. */
  readonly draw?: Draw<CycleSource>;
  readonly signal?: AbortSignal | undefined;
}

/** Reads and settles the Sprints that pay in a cycle depends on. @throws what reading the chain and recomputing throw */
export const readSprintWindow = async <R extends SettledSprint = SprintResult>(
  source: CycleSource,
  cycle: number,
  { arithmetic, known = new Map(), draw = readDraw, signal }: ReadWindowOptions<R>,
): Promise<SprintWindow<R | SprintResult>> => {
  const { sprints, confirmations, idle, undrawn } = await sprintsBefore(source, cycle, draw);
  const unknown = [...undrawn];
  let isAwaited = false;
  const settle = async (past: PastSprint<CycleSource>): Promise<readonly (R | SprintResult)[]> => {
    const before = known.get(past.cycle);
    if (before) {
      if (!before.isWhole) unknown.push(past.cycle);
      return [before];
    }
    try {
      const result = await withRecomputer(past.source, { ...past, arithmetic, signal }, (recomputer) =>
        readSprint(past.source, { ...past, recomputer }),
      );
      if (result.isWhole) known.set(past.cycle, result);
      else {
        unknown.push(past.cycle);
        isAwaited = true;
      }
      return result.isReadable ? [result] : [];
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      unknown.push(past.cycle);
      return [];
    }
  };
  // The newest first: time may run out, and what is older counts for less, and is more likely gone.
  const results: (R | SprintResult)[] = [];
  const bySprint: (R | SprintResult | undefined)[] = [];
  const after: { readonly result: R | SprintResult; readonly idle: IdleRules | undefined }[] = [];
  const [newest, ...older] = sprints.toReversed();
  const add = async (past: PastSprint<CycleSource>) => {
    const [result] = await settle(past);
    bySprint.unshift(result);
    if (result) results.unshift(result);
  };
  if (newest) await add(newest);
  const isNewestRead = results.length > 0;
  const between = isNewestRead ? [...confirmations, ...idle].sort((a, b) => b.cycle - a.cycle) : [];
  for (const past of between)
    for (const result of await settle(past)) after.unshift({ result, idle: idleRules(past.sprint) });
  for (const past of older) await add(past);
  return {
    results,
    confirmations: after.flatMap((one) => (one.idle ? [] : [one.result])),
    idle: after.flatMap((one) => (one.idle ? [one.result] : [])),
    unknown: unknown.sort((a, b) => a - b),
    isAwaited,
    reputations: newestAgreement(bySprint)?.reputations ?? new Map(),
    notAgreedAfter: notAgreedAfter(sprints, bySprint),
    confirmed:
      results.length === 0
        ? undefined
        : confirmedWeights(
            results.map(({ outcomes }) => outcomes),
            after.map(({ result: { outcomes }, idle: rules }) => ({ outcomes, idle: rules })),
          ),
  };
};
