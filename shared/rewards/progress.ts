/** Which groups' models took a step in a cycle, by the ballots. */
export interface CycleProgress {
  readonly cycle: number;
  readonly improved: readonly string[];
}

/** The groups that took a step. @param chosen group → step, 0 for none */
export const improvedGroups = (chosen: ReadonlyMap<string, number>): readonly string[] =>
  [...chosen].filter(([, step]) => step !== 0).map(([group]) => group);

/**
 * The part of a group's pool that its miners get: the share of the known cycles of the window in which its model improved. 0 if no cycle is
 * known: then nobody can show that there was anything to pay for.
 */
export const paidPart = (
  progress: Iterable<CycleProgress>,
  group: string,
  { cycle, window }: { readonly cycle: number; readonly window: number },
): number => {
  const known = new Map<number, boolean>();
  for (const { cycle: at, improved } of progress)
    if (at > cycle - window && at <= cycle) known.set(at, improved.includes(group));
  const improvements = [...known.values()].filter((improved) => improved).length;
  return known.size === 0 ? 0 : improvements / known.size;
};
