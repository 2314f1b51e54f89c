import { type Kinship, kinshipOf } from "./kinship.js";
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
  /** Null where they are not alike enough for it to matter, a witness acquits, or there are too few. */
  readonly kinship: Kinship | null;
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
 * docs/duplicates.md has the figures.
 */
export const NEAR = {
  cosine: 0.95,
  signs: 0.85,
  overlap: 0.5,
  /**
   * All of them together. The cosine of a copy is 0.894 under noise of half its norm, 0.707 under noise as long as itself; where there are but three witnesses
   * only the first is looked for.
   */
  kin: { cosine: 0.6, cosineByThree: 0.87, residual: 0.3, partial: 0.1 },
} as const;

/** Cosine from which on an update bears witness of a pair; lower where one of the pair is of an earlier cycle, which all have less in common with. */
const RELATED = { now: 0.4, before: 0.2 } as const;

/** Where updates of a group commonly have such cosines, cosines and signs tell nothing; where such overlaps, overlaps. */
const COMMON = { cosine: 0.82, overlap: 0.35 } as const;

/** In which of the signs all updates of a group are alike. */
interface AllAlike {
  readonly cosine: boolean;
  readonly overlap: boolean;
}

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
  const alike = similaritiesOf(all);
  const cosine = (a: number, b: number): number => alike(a, b).cosine;
  const sketched = inOrder.flatMap(({ sketch }, i) => (sketch ? [i] : []));
  const known = all.flatMap(({ sketch }, i) => (sketch && i >= inOrder.length ? [i] : []));
  const pairs = sketched.flatMap((a, i) => sketched.slice(i + 1).map((b) => alike(a, b)));
  const allAlike: AllAlike = {
    cosine: lowerQuartile(pairs.map((pair) => pair.cosine)) >= COMMON.cosine,
    overlap: lowerQuartile(pairs.flatMap(({ overlap }) => overlap ?? [])) >= COMMON.overlap,
  };
  const originals: number[] = [];
  const duplicates = new Map<string, Duplicate>();

  const nearOne = (at: number, others: readonly number[], related: number): Duplicate | null => {
    for (const other of others) {
      const { hotkey, artifact, sketch: theirs, ...when } = all[other]!;
      if (!theirs) continue;
      const likeness = { ...alike(at, other), kinship: kinshipOfPair(at, other, related) };
      if (isNear(likeness, allAlike))
        return { original: { cycle: "cycle" in when ? when.cycle : cycle, hotkey, artifact }, likeness };
    }
    return null;
  };
  const kinshipOfPair = (at: number, other: number, related: number): Kinship | null => {
    if (cosine(at, other) < NEAR.kin.cosine) return null;
    // Whoever commits, early or late, original or not, but for copies of one of the two: these could only vouch for each other.
    const isCopy = (witness: number) => Math.max(cosine(at, witness), cosine(other, witness)) >= NEAR.cosine;
    function* witnesses() {
      for (const witness of sketched) if (witness !== at && witness !== other && !isCopy(witness)) yield witness;
    }
    return kinshipOf(at, other, { witnesses: witnesses(), related, acquits: NEAR.kin.partial, cosine });
  };

  for (const [at, { hotkey, artifact, tensors, sketch }] of inOrder.entries()) {
    const same = byBytes.get(tensors);
    const found = same
      ? { original: same, likeness: null }
      : sketch && (nearOne(at, originals, RELATED.now) ?? nearOne(at, known, RELATED.before));
    if (found) {
      duplicates.set(hotkey, found);
      continue;
    }
    originals.push(at);
    byBytes.set(tensors, { cycle, hotkey, artifact });
  }
  return duplicates;
};

export const isNear = (
  { cosine, kinship, signs, overlap }: Likeness,
  allAlike: AllAlike = { cosine: false, overlap: false },
): boolean =>
  (kinship !== null && isKin(cosine, kinship)) ||
  (!allAlike.overlap && overlap !== null && overlap >= NEAR.overlap) ||
  (!allAlike.cosine && (cosine >= NEAR.cosine || signs >= NEAR.signs));

const isKin = (cosine: number, { residual, partial, witnesses }: Kinship): boolean =>
  cosine >= (witnesses > 3 ? NEAR.kin.cosine : NEAR.kin.cosineByThree) &&
  residual >= NEAR.kin.residual &&
  partial <= NEAR.kin.partial;

/** What a report says of a duplicate: how alike they are, and which artifact it repeats. `readOriginal` reads it back. */
export const describeDuplicate = ({ original, likeness }: Duplicate): string => {
  const { kinship = null, ...plain } = likeness ?? {};
  const { residual = null, partial = null } = kinship ?? {};
  const figures = Object.entries({ ...plain, residual, partial }).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value.toFixed(2)}`],
  );
  const how = figures.length > 0 ? `like (${figures.join(", ")})` : "same tensors as";
  return `${how} artifact ${original.artifact} of ${original.hotkey} in cycle ${original.cycle}`;
};

/** The artifact that a report's detail on a duplicate points to; null where it points to none. */
export const readOriginal = (detail: string): Original | null => {
  const found = /artifact ([0-9a-f]{64}) of ([1-9A-HJ-NP-Za-km-z]{40,50}) in cycle (\d{1,15})$/.exec(detail);
  return found && { artifact: found[1]!, hotkey: found[2]!, cycle: Number(found[3]) };
};

const lowerQuartile = (values: readonly number[]): number =>
  values.length >= 3 ? [...values].sort((a, b) => a - b)[values.length >> 2]! : 0;

/** Of two that have sketches, each pair's once. */
const similaritiesOf = (submissions: readonly Contents[]): ((a: number, b: number) => Similarity) => {
  const known = new Map<number, Similarity>();
  return (a, b) => {
    const at = Math.min(a, b) * submissions.length + Math.max(a, b);
    const found = known.get(at) ?? similarity(submissions[a]!.sketch!, submissions[b]!.sketch!);
    known.set(at, found);
    return found;
  };
};
