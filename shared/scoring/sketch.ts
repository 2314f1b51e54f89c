/**
 * A small stand-in for an update, of which nearness can be read off. Two sketches are comparable when the same sketcher made both.
 */
export interface Sketch {
  /** Count sketch of the elements, of length 1: dot products estimate the cosine of the updates. */
  readonly values: Float32Array;
  /** The same of the elements' signs, which no rescaling of single elements changes. */
  readonly signs: Float32Array;
  /** Least hash in each bin of the places that are not zero; null for an update that is mostly not zero. */
  readonly support: Uint32Array | null;
}

export interface Similarity {
  /** Cosine of the angle between the updates. */
  readonly cosine: number;
  /** Cosine between their signs: 1 where all agree, 0 where as many do as by chance. */
  readonly signs: number;
  /** Places that are not zero in both, of those that are not in either (Jaccard); null unless both are sparse. */
  readonly overlap: number | null;
}

/** Buckets of a count sketch: a dot product is off by about 1/√2048 = 0.022. */
export const BUCKETS = 2048;
/** Bins of the support's MinHash: an overlap is off by at most 1/(2√512) = 0.022. */
const BINS = 512;
/** Updates with more non-zero elements than this share are dense. */
const SPARSE = 0.25;
const EMPTY = 0xffffffff;

/**
 * Makes sketches in one pass over an update: count sketch (Charikar, Chen and Farach-Colton, "Finding frequent items in data
 * streams", 2002) of elements and signs. A sparse one is gone over again for MinHash with one permutation (Li, Owen and Zhang, 2012)
 * of its support.
 *
 * @param seed 32 bits that nobody else knows: who knew the buckets could change a sketch without changing much of the update
 */
export const createSketcher =
  (seed: number) =>
  (tensors: readonly Float32Array[]): Sketch => {
    const values = new Float64Array(BUCKETS);
    const signs = new Float64Array(BUCKETS);
    let places = 0;
    let nonZero = 0;
    for (const data of tensors) {
      nonZero += count(data, { values, signs, seed, from: places });
      places += data.length;
    }
    const isSparse = nonZero <= places * SPARSE;
    return { values: unit(values), signs: unit(signs), support: isSparse ? supportOf(tensors, seed) : null };
  };

interface Counts {
  readonly values: Float64Array;
  readonly signs: Float64Array;
  readonly seed: number;
  /** Place of the tensor's first element among all of the update. */
  readonly from: number;
}

/** Puts a tensor's elements into their buckets, and says how many were not zero. */
const count = (data: Float32Array, { values, signs, seed, from }: Counts): number => {
  let nonZero = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value === 0) continue;
    nonZero++;
    const hash = mix((from + i) ^ seed);
    const bucket = hash & (BUCKETS - 1);
    // Half of the branches of a coin's toss would be foretold wrongly.
    const factor = (hash >> 31) | 1;
    values[bucket] = values[bucket]! + factor * value;
    signs[bucket] = signs[bucket]! + factor * Math.sign(value);
  }
  return nonZero;
};

const supportOf = (tensors: readonly Float32Array[], seed: number): Uint32Array => {
  const bins = new Uint32Array(BINS).fill(EMPTY);
  let place = 0;
  for (const data of tensors) {
    for (let i = 0; i < data.length; i++, place++) {
      if (data[i] === 0) continue;
      const rank = mix(mix(place ^ seed) ^ 0x5bd1e995);
      const bin = rank & (BINS - 1);
      if (rank >>> 0 < bins[bin]!) bins[bin] = rank;
    }
  }
  return bins;
};

export const similarity = (a: Sketch, b: Sketch): Similarity => ({
  cosine: dot(a.values, b.values),
  signs: dot(a.signs, b.signs),
  overlap: a.support && b.support ? overlapOf(a.support, b.support) : null,
});

/** Values, signs and, for a sparse update, support: float32 and u32, little-endian. */
export const encodeSketch = ({ values, signs, support }: Sketch): Uint8Array =>
  Buffer.concat([values, signs, support ?? new Uint32Array()].map((part) => new Uint8Array(part.buffer)));

/** Null for what `encodeSketch` did not write. */
export const decodeSketch = (bytes: Uint8Array): Sketch | null => {
  const floats = 4 * BUCKETS;
  if (bytes.length !== 2 * floats && bytes.length !== 2 * floats + 4 * BINS) return null;
  const { buffer } = bytes.slice();
  return {
    values: new Float32Array(buffer, 0, BUCKETS),
    signs: new Float32Array(buffer, floats, BUCKETS),
    support: bytes.length > 2 * floats ? new Uint32Array(buffer, 2 * floats, BINS) : null,
  };
};

/** MurmurHash3's finaliser: every bit of the input changes every bit of the result half of the time. */
const mix = (x: number): number => {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

const unit = (vector: Float64Array): Float32Array => {
  const norm = Math.hypot(...vector);
  return Float32Array.from(vector, (x) => (norm > 0 ? x / norm : 0));
};

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

const overlapOf = (a: Uint32Array, b: Uint32Array): number => {
  let either = 0;
  let same = 0;
  for (let bin = 0; bin < a.length; bin++) {
    if (a[bin] === EMPTY && b[bin] === EMPTY) continue;
    either++;
    if (a[bin] === b[bin]) same++;
  }
  return either === 0 ? 0 : same / either;
};
