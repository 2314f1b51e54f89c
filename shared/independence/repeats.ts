/** Who submitted an update first, and when. */
export interface Original {
  readonly cycle: number;
  readonly hotkey: string;
  readonly artifact: string;
}

export interface RepeatInputs {
  /** Submissions of one expert group: those of other groups cannot be repeats. */
  readonly submissions: readonly {
    readonly hotkey: string;
    /** Hash of the canonical tensor blob. */
    readonly tensors: string;
  }[];
  /** The updates merged into the model's ancestors, those revealed lately, and those revealed for the weights that the group still has. */
  readonly lineage: Iterable<Original & { readonly tensors: string }>;
}

/**
 * Finds submissions whose tensors equal, byte for byte, those of an earlier update: hotkey → the first such update. Within a
 * cycle nobody can prove who copied equal or similar updates. These share what they are worth (`shared/independence`), so coming first has
 * no value.
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

/** The detail of a report's entry on a repeated update. `readOriginal` parses it. */
export const describeRepeat = ({ artifact, hotkey, cycle }: Original): string =>
  `same tensors as artifact ${artifact} of ${hotkey} in cycle ${cycle}`;

/** The artifact that a report's detail on a duplicate names. Null if it names none. */
export const readOriginal = (detail: string): Original | null => {
  const found = /artifact ([0-9a-f]{64}) of ([1-9A-HJ-NP-Za-km-z]{40,50}) in cycle (\d{1,15})$/.exec(detail);
  return found && { artifact: found[1]!, hotkey: found[2]!, cycle: Number(found[3]) };
};
