/** What a cycle's ballots say of the groups' models. A group in neither list stood still. */
export interface GroupProgress {
  /** The groups for which the ballots chose a step. */
  readonly improved: readonly string[];
  /** The groups that only missing votes kept from one, or whose miners nobody judged: that the validators failed is no fault of the miners. */
  readonly undecided: readonly string[];
}

/** Which groups' models took a step in a cycle. */
export interface CycleProgress extends GroupProgress {
  readonly cycle: number;
  /** Whether a model was agreed on in the cycle: without one the ballots' steps came to nothing. Null: not settled yet, or not known any more. */
  readonly isAgreed: boolean | null;
}

/**
 * The part of a group's pool that its miners get: the share of the known cycles of the window in which its model improved. Cycles in which it was
 * undecided are left out. A past cycle's step counts only if a model was agreed on that took it; the newest cycle's model is not due yet, so that its
 * ballots decide. 0 if no cycle is known: then nobody can show that there was anything to pay for.
 */
export const paidPart = (
  progress: Iterable<CycleProgress>,
  group: string,
  { cycle, window }: { readonly cycle: number; readonly window: number },
): number => {
  const known = new Map<number, boolean>();
  for (const { cycle: at, improved, undecided, isAgreed } of progress) {
    if (at <= cycle - window || at > cycle || undecided.includes(group)) continue;
    if (at === cycle) known.set(at, improved.includes(group));
    else if (isAgreed !== null) known.set(at, isAgreed && improved.includes(group));
  }
  const improvements = [...known.values()].filter((improved) => improved).length;
  return known.size === 0 ? 0 : improvements / known.size;
};
