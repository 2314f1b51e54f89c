/** Who submitted a tensor blob first, and when. */
export interface Original {
  readonly cycle: number;
  readonly hotkey: string;
  readonly artifact: string;
}

export interface DuplicateInputs {
  readonly cycle: number;
  readonly submissions: readonly {
    readonly hotkey: string;
    readonly artifact: string;
    /** Hash of the canonical tensor blob. */
    readonly tensors: string;
    readonly commitBlock: number;
  }[];
  /** The updates merged into the model's ancestors, with the cycle that merged them. */
  readonly lineage: Iterable<Original & { readonly tensors: string }>;
}

/**
 * Finds submissions whose tensors were submitted before: in the lineage, or this cycle with an earlier commit block (equal blocks:
 * the lower artifact hash is the original). Hotkey of the duplicate → its original. Every copy of one blob is measured against
 * the same original, and nobody loses for having been copied.
 */
export const findDuplicates = ({ cycle, submissions, lineage }: DuplicateInputs): ReadonlyMap<string, Original> => {
  const originals = new Map<string, Original>();
  for (const { tensors, cycle: merged, hotkey, artifact } of lineage) {
    const known = originals.get(tensors);
    if (known === undefined || merged < known.cycle) originals.set(tensors, { cycle: merged, hotkey, artifact });
  }
  const duplicates = new Map<string, Original>();
  const inOrder = [...submissions].sort((a, b) => a.commitBlock - b.commitBlock || (a.artifact < b.artifact ? -1 : 1));
  for (const { tensors, hotkey, artifact } of inOrder) {
    const original = originals.get(tensors);
    if (original === undefined) originals.set(tensors, { cycle, hotkey, artifact });
    else duplicates.set(hotkey, original);
  }
  return duplicates;
};
