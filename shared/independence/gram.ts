/** Square and symmetric. */
export type Matrix = readonly Float64Array[];

export interface Gram {
  /** Cosines of the angles between the vectors, 1 on the diagonal. Off the diagonal, 0 for a vector of length 0. */
  readonly cosines: Matrix;
  readonly norms: readonly number[];
  /** Lengths of the parts along the directions; 0 for a vector of length 0. */
  readonly known: readonly number[];
}

/** A vector is taken to lie along the public directions if less than this part of its length remains without them. */
const LEAST_REMAINDER = 1e-6;

/**
 * Cosines and lengths of the vectors after the parts along `directions` were removed (Gram and Schmidt), in float64: what everybody knows
 * is nobody's work. A vector with an element that is not finite counts as one of length 0.
 */
export const gramOf = (vectors: readonly Float32Array[], directions: readonly Float32Array[]): Gram => {
  const axes: Float64Array[] = [];
  for (const direction of directions) {
    const rest = without(direction, axes);
    if (rest) axes.push(rest.unit);
  }
  const rests = vectors.map((vector) => without(vector, axes));
  const cosines = rests.map(() => new Float64Array(rests.length));
  for (const [i, one] of rests.entries()) {
    cosines[i]![i] = 1;
    for (let j = 0; j < i; j++) {
      const other = rests[j];
      const cosine = one && other ? Math.max(-1, Math.min(1, dot(one.unit, other.unit))) : 0;
      cosines[i]![j] = cosine;
      cosines[j]![i] = cosine;
    }
  }
  return { cosines, norms: rests.map((rest) => rest?.norm ?? 0), known: rests.map((rest) => rest?.known ?? 0) };
};

interface Rest {
  readonly unit: Float64Array;
  readonly norm: number;
  readonly known: number;
}

const without = (vector: Float32Array, axes: readonly Float64Array[]): Rest | null => {
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!(largest > 0 && Number.isFinite(largest))) return null;
  // Scaled to a length of about 1, so that squares neither underflow nor overflow.
  const rest = new Float64Array(vector);
  for (let i = 0; i < rest.length; i++) rest[i] = rest[i]! / largest;
  const before = Math.sqrt(dot(rest, rest));
  let known = 0;
  for (const axis of axes) {
    const along = dot(rest, axis);
    known += along * along;
    for (let i = 0; i < rest.length; i++) rest[i] = rest[i]! - along * axis[i]!;
  }
  const after = Math.sqrt(dot(rest, rest));
  if (!(after > LEAST_REMAINDER * before)) return null;
  return { unit: rest.map((value) => value / after), norm: after * largest, known: Math.sqrt(known) * largest };
};

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};
