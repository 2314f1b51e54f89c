/** Who submitted an update first, and when. */
export interface Original {
  readonly cycle: number;
  readonly hotkey: string;
  readonly artifact: string;
}

export interface RepeatInputs {
  /** Of one expert group: others have nothing to repeat. */
  readonly submissions: readonly {
    readonly hotkey: string;
    /** Hash of the canonical tensor blob. */
    readonly tensors: string;
  }[];
  /** The updates merged into the model's ancestors, with the cycle that merged them. */
  readonly lineage: Iterable<Original & { readonly tensors: string }>;
}

/**
 * Finds submissions whose tensors are, byte for byte, those of an update that was merged before: hotkey → the first such. What is alike or the same
 * within a cycle is nobody's fault that could be proved, and shares what it is worth (`shared/independence`), so that coming first is
 * worth nothing.
 */
export const findRepeats = ({ submissions, lineage }: RepeatInputs): ReadonlyMap<string, Original> => {
  const merged = new Map<string, Original>();
  for (const { tensors, hotkey, artifact, cycle } of [...lineage].sort((a, b) => a.cycle - b.cycle))
    if (!merged.has(tensors)) merged.set(tensors, { cycle, hotkey, artifact });
  return new Map(
    submissions.flatMap(({ hotkey, tensors }) => {
      const original = merged.get(tensors);
      return original ? [[hotkey, original] as const] : [];
    }),
  );
};

/** What a report says of a repeated update. `readOriginal` reads it back. */
export const describeRepeat = ({ artifact, hotkey, cycle }: Original): string =>
  `same tensors as artifact ${artifact} of ${hotkey} in cycle ${cycle}`;

/** The artifact that a report's detail on a duplicate points to; null where it points to none. */
export const readOriginal = (detail: string): Original | null => {
  const found = /artifact ([0-9a-f]{64}) of ([1-9A-HJ-NP-Za-km-z]{40,50}) in cycle (\d{1,15})$/.exec(detail);
  return found && { artifact: found[1]!, hotkey: found[2]!, cycle: Number(found[3]) };
};
