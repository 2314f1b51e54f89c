import { type Cosines, residualCosine } from "./residual.js";
import { type Similarity, type Sketch, similarity } from "./sketch.js";

/** Who submitted an update first, and when. */
export interface Original {
  readonly cycle: number;
  readonly hotkey: string;
  readonly artifact: string;
}

/** A submission that repeats an earlier one. */
export interface Duplicate {
  readonly original: Original;
  /** How alike they are; null where their bytes are the same. */
  readonly likeness: Likeness | null;
}

export interface Likeness extends Similarity {
  /** Cosine of what they do not share with everybody; null where there is nobody to tell. */
  readonly residual: number | null;
}

interface Contents {
  /** Hash of the canonical tensor blob. */
  readonly tensors: string;
  /** Null where it is not known: only its bytes can then be recognised. */
  readonly sketch: Sketch | null;
}

export interface DuplicateInputs {
  readonly cycle: number;
  /** Of one expert group: others have nothing to compare. */
  readonly submissions: readonly (Contents & {
    readonly hotkey: string;
    readonly artifact: string;
    readonly commitBlock: number;
  })[];
  /** The updates merged into the model's ancestors, with the cycle that merged them. */
  readonly lineage: Iterable<Original & Contents>;
}

/**
 * From where on two updates are one, each sign sufficient. `npm run bench -- duplicates` measures honest miners and disguised copies,
 * docs/scoring.md has the figures.
 */
export const NEAR = { residual: 0.4, cosine: 0.95, signs: 0.85, overlap: 0.8 } as const;

/** Where updates of a group are commonly so much alike, plain cosines and signs tell nothing. */
const COMMONLY_ALIKE = 0.82;

/**
 * Finds submissions that repeat an earlier update: one in the lineage, or one of this cycle with an earlier commit block (equal blocks:
 * the lower artifact hash is the original). Hotkey of the duplicate → its original. Only originals are compared against, so that nobody
 * loses for having been copied.
 */
export const findDuplicates = ({ cycle, submissions, lineage }: DuplicateInputs): ReadonlyMap<string, Duplicate> => {
  const earlier = [...lineage].sort((a, b) => a.cycle - b.cycle);
  const byBytes = new Map<string, Original>();
  for (const { tensors, hotkey, artifact, cycle: merged } of earlier)
    if (!byBytes.has(tensors)) byBytes.set(tensors, { cycle: merged, hotkey, artifact });

  const inOrder = [...submissions].sort((a, b) => a.commitBlock - b.commitBlock || (a.artifact < b.artifact ? -1 : 1));
  // Those of this cycle, then the lineage's.
  const all = [...inOrder, ...earlier];
  const cosine = cosinesOf(all);
  const sketched = inOrder.flatMap(({ sketch }, i) => (sketch ? [i] : []));
  const known = all.flatMap(({ sketch }, i) => (sketch && i >= inOrder.length ? [i] : []));
  const areAlike = lowerQuartile(sketched, cosine) >= COMMONLY_ALIKE;
  const originals: number[] = [];
  const duplicates = new Map<string, Duplicate>();

  const nearOne = (at: number, sketch: Sketch, others: readonly number[], witnesses: readonly number[]) => {
    for (const other of others) {
      const { hotkey, artifact, sketch: theirs, ...when } = all[other]!;
      if (!theirs) continue;
      const likeness = { ...similarity(sketch, theirs), residual: residualCosine(at, other, witnesses, cosine) };
      if (isNear(likeness, areAlike))
        return { original: { cycle: "cycle" in when ? when.cycle : cycle, hotkey, artifact }, likeness };
    }
    return null;
  };
  const nearAny = (at: number, sketch: Sketch): Duplicate | null => {
    // Originals alone: a flood of copies cannot make itself what all have in common.
    const witnesses = originals.filter((other) => inOrder[other]!.sketch !== null);
    // What moves all miners in one direction does so for many cycles.
    return (
      nearOne(at, sketch, originals, witnesses) ?? nearOne(at, sketch, known, [...known.toReversed(), ...witnesses])
    );
  };

  for (const [at, { hotkey, artifact, tensors, sketch }] of inOrder.entries()) {
    const same = byBytes.get(tensors);
    const found = same ? { original: same, likeness: null } : sketch && nearAny(at, sketch);
    if (found) {
      duplicates.set(hotkey, found);
      continue;
    }
    originals.push(at);
    byBytes.set(tensors, { cycle, hotkey, artifact });
  }
  return duplicates;
};

/** @param areAlike all updates of the group are */
export const isNear = ({ cosine, residual, signs, overlap }: Likeness, areAlike = false): boolean =>
  (residual !== null && residual >= NEAR.residual) ||
  (overlap !== null && overlap >= NEAR.overlap) ||
  (!areAlike && (cosine >= NEAR.cosine || signs >= NEAR.signs));

const lowerQuartile = (all: readonly number[], cosine: Cosines): number => {
  const pairs = all.flatMap((a, i) => all.slice(i + 1).map((b) => cosine(a, b))).sort((a, b) => a - b);
  return pairs.length >= 3 ? pairs[pairs.length >> 2]! : 0;
};

/** Each pair's cosine once. */
const cosinesOf = (submissions: readonly Contents[]): Cosines => {
  const n = submissions.length;
  const known = new Float64Array(n * n).fill(Number.NaN);
  return (a, b) => {
    if (a === b) return 1;
    const at = a < b ? a * n + b : b * n + a;
    if (Number.isNaN(known[at]!)) known[at] = similarity(submissions[a]!.sketch!, submissions[b]!.sketch!).cosine;
    return known[at]!;
  };
};
