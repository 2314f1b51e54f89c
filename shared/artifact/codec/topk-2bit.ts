import { narrow } from "#shared/tensor-files/float-dtype.js";
import { allocateNew, type Codec, elementsOf, malformed } from "./codec.js";
import { widenBfloats } from "./dense.js";
import { largest } from "./largest.js";
import { packBits, packedLength, unpackBits } from "./packed-bits.js";
import { scaleFault } from "./scales.js";

/** Number of consecutive elements in a chunk, and how many of them are kept. */
export const CHUNK = 4096;
export const KEPT = 64;
const INDEX_BITS = 12;
const VALUE_BITS = 2;
/** Multiples of the chunk's scale. A code's lower bit selects one; its upper bit is the sign. */
const LEVELS = [2, 3] as const;

/**
 * The largest 64 of every 4,096 elements, each as a 12-bit index and a 2-bit value in units of its chunk's scale. All others are zero.
 * After SparseLoCo (Sarfi et al. 2025, section 3): what is not sent is added to the next update, by error feedback.
 */
export const topk2bit: Codec = {
  name: "topk-2bit",
  feedback: true,
  layout(shape) {
    const elements = elementsOf(shape);
    const kept = keptOf(elements);
    return new Map([
      [".indices", { dtype: "U8", shape: [packedLength(kept, INDEX_BITS)] }],
      [".scales", { dtype: "BF16", shape: [Math.ceil(elements / CHUNK)] }],
      [".values", { dtype: "U8", shape: [packedLength(kept, VALUE_BITS)] }],
    ]);
  },
  encode(values) {
    const indices = new Uint16Array(keptOf(values.length));
    const codes = new Uint16Array(indices.length);
    const scales = new Float32Array(Math.ceil(values.length / CHUNK));
    for (const { chunk, begin, end, first, kept } of chunksOf(values.length)) {
      const elements = values.subarray(begin, end);
      const places = largest(elements, kept);
      const scale = bestScale(Float64Array.from(places, (place) => Math.abs(elements[place]!)));
      scales[chunk] = scale;
      indices.set(places, first);
      for (const [j, place] of places.entries()) codes[first + j] = codeOf(elements[place]!, scale);
    }
    return new Map([
      [".indices", packBits(indices, INDEX_BITS)],
      [".scales", narrow("BF16", scales)],
      [".values", packBits(codes, VALUE_BITS)],
    ]);
  },
  decode(pieces, length, allocate = allocateNew) {
    const scales = widenBfloats(pieces.get(".scales")!, Math.ceil(length / CHUNK));
    const fault = scaleFault(scales);
    if (fault) return fault;
    const kept = keptOf(length);
    const indices = unpackBits(pieces.get(".indices")!, kept, INDEX_BITS);
    const codes = unpackBits(pieces.get(".values")!, kept, VALUE_BITS);
    if (!indices || !codes) return malformed("bits after the last code are set");
    const values = allocate(length).fill(0);
    for (const { chunk, begin, end, first, kept } of chunksOf(length)) {
      let last = -1;
      for (let j = first; j < first + kept; j++) {
        const index = indices[j]!;
        if (index <= last) return malformed(`index ${index} of chunk ${chunk} does not follow ${last} in order`);
        if (index >= end - begin)
          return malformed(`index ${index} of chunk ${chunk}, which has ${end - begin} elements`);
        last = index;
        const code = codes[j]!;
        const level = LEVELS[code & 1]!;
        // Eight significant bits times two bits: exact, so no machine can round it differently.
        values[begin + index] = scales[chunk]! * (code & 2 ? -level : level);
      }
    }
    return values;
  },
};

/** Number of elements kept of a chunk of any length: one per 64 elements, rounded up. */
const keptIn = (elements: number): number => Math.ceil((elements * KEPT) / CHUNK);

const keptOf = (elements: number): number => KEPT * Math.floor(elements / CHUNK) + keptIn(elements % CHUNK);

interface Chunk {
  readonly chunk: number;
  /** The range of its elements: `begin ≤ i < end`. */
  readonly begin: number;
  readonly end: number;
  /** The range of its codes: `kept` codes from `first` on. */
  readonly first: number;
  readonly kept: number;
}

function* chunksOf(elements: number): Generator<Chunk> {
  for (let chunk = 0; chunk * CHUNK < elements; chunk++) {
    const begin = chunk * CHUNK;
    const end = Math.min(begin + CHUNK, elements);
    yield { chunk, begin, end, first: chunk * KEPT, kept: keptIn(end - begin) };
  }
}

/**
 * The scale, as bfloat16, that leaves the least squared error. With the j largest magnitudes at the upper level and the others at the
 * lower, the best scale is Σ level·magnitude / Σ level², and the error falls with (Σ level·magnitude)² / Σ level².
 */
const bestScale = (magnitudes: Float64Array): number => {
  const [low, high] = LEVELS;
  magnitudes.sort().reverse();
  let product = low * magnitudes.reduce((sum, magnitude) => sum + magnitude, 0);
  let square = low * low * magnitudes.length;
  let best = { gain: product ** 2 / square, scale: product / square };
  for (const magnitude of magnitudes) {
    product += (high - low) * magnitude;
    square += high * high - low * low;
    const gain = product ** 2 / square;
    if (gain > best.gain) best = { gain, scale: product / square };
  }
  return widenBfloats(narrow("BF16", Float32Array.of(best.scale)), 1)[0]!;
};

const codeOf = (value: number, scale: number): number => {
  const [low, high] = LEVELS;
  const isHigh = Math.abs(value) * 2 >= scale * (low + high);
  return (value < 0 ? 2 : 0) | (isHigh ? 1 : 0);
};
