/** Which groups' models took a step in a cycle. */
export interface CycleProgress {
  readonly cycle: number;
  /** The groups for which the ballots chose a step. */
  readonly improved: readonly string[];
  /** Whether a model was agreed on in the cycle: without one the ballots' steps came to nothing. Null: not settled yet, or not known any more. */
  readonly isAgreed: boolean | null;
}

/** The groups for which a step was chosen. @param chosen group → step, 0 for none */
export const improvedGroups = (chosen: ReadonlyMap<string, number>): readonly string[] =>
  [...chosen].filter(([, step]) => step !== 0).map(([group]) => group);

/**
 * The part of a group's pool that its miners get: the share of the known cycles of the window in which its model improved. A past cycle's
 * step counts only if a model was agreed on that took it; the newest cycle's model is not due yet, so that its ballots decide. 0 if no cycle
 * is known: then nobody can show that there was anything to pay for.
 */
export const paidPart = (
  progress: Iterable<CycleProgress>,
  group: string,
  { cycle, window }: { readonly cycle: number; readonly window: number },
): number => {
  const known = new Map<number, boolean>();
  for (const { cycle: at, improved, isAgreed } of progress) {
    if (at <= cycle - window || at > cycle) continue;
    if (at === cycle) known.set(at, improved.includes(group));
    else if (isAgreed !== null) known.set(at, isAgreed && improved.includes(group));
  }
  const improvements = [...known.values()].filter((improved) => improved).length;
  return known.size === 0 ? 0 : improvements / known.size;
};
