import { ADDRESS_SPACE_HINT } from "#shared/errors/address-space.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { STRIDE, vectorKernels } from "./vector-kernels.js";

/** Float arrays of one length that kernels compute on where they are; zeros at first. */
export interface VectorGroup {
  readonly arrays: readonly Float32Array[];
  /** Runs a kernel on some of the arrays, by their place, and on further numbers. */
  run(kernel: KernelName, places: readonly number[], ...scalars: readonly number[]): number;
}

export type KernelName = "adamw" | "add" | "sumOfSquares" | "weightedSum" | "nesterov";

const FLOAT_BYTES = 4;
const PAGE = 65_536;
/** An address has 32 bits; the last page stays free, so that the address after the last stride has too. */
const LARGEST = 65_535 * PAGE;

/**
 * Arrays in WebAssembly memory, which ONNX Runtime also reads and writes as it is (shared memory it refuses).
 * A group that one such memory cannot hold lies outside, and kernels compute on copies of its pieces.
 *
 * @param lengths elements of each group's arrays
 * @param count   arrays of a group
 * @param most    bytes of one memory
 * @throws BlockZeroError KERNEL_MEMORY when there is not so much memory
 */
export const allocateVectors = (
  lengths: readonly number[],
  count: number,
  most: number = LARGEST,
): readonly VectorGroup[] => {
  const module = new WebAssembly.Module(vectorKernels());
  const sizes = lengths.map((length) => STRIDE * Math.ceil((FLOAT_BYTES * length) / STRIDE));
  const groups: VectorGroup[] = [];
  while (groups.length < lengths.length) {
    const first = groups.length;
    let bytes = 0;
    let last = first;
    for (; last < sizes.length && bytes + count * sizes[last]! <= most; last++) bytes += count * sizes[last]!;
    if (last === first) {
      groups.push(allocateOutside(lengths[first]!, count));
      continue;
    }
    const memory = allocate(bytes);
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    let at = 0;
    for (let group = first; group < last; group++) {
      const size = sizes[group]!;
      const begin = at;
      const addresses = Array.from({ length: count }, (_, place) => begin + place * size);
      at += count * size;
      groups.push({
        arrays: addresses.map((address) => new Float32Array(memory.buffer, address, lengths[group]!)),
        run: (kernel, places, ...scalars) => {
          if (size === 0) return 0;
          const pointers = places.map((place) => addresses[place]!);
          return exports[kernel]!(...pointers, pointers[0]! + size, ...scalars);
        },
      });
    }
  }
  return groups;
};

/** Elements that are copied at a time: what is copied stays in the processor's cache. */
const PIECE = 16_384;

/** Kernels that treat each element by itself, or add up what they find. */
const BY_PIECES: ReadonlySet<KernelName> = new Set(["adamw", "add", "sumOfSquares", "nesterov"]);

/** A group of arrays that are too large for one memory. */
const allocateOutside = (length: number, count: number): VectorGroup => {
  const arrays = Array.from({ length: count }, () => allocateArray(length));
  const [piece] = allocateVectors([PIECE], count);
  return {
    arrays,
    run: (kernel, places, ...scalars) => {
      if (!BY_PIECES.has(kernel)) throw new RangeError(`${kernel} does not compute by pieces`);
      let sum = 0;
      for (let begin = 0; begin < length; begin += PIECE) {
        const end = Math.min(begin + PIECE, length);
        for (const place of places) {
          const copy = piece!.arrays[place]!;
          copy.set(arrays[place]!.subarray(begin, end));
          copy.fill(0, end - begin);
        }
        const found = piece!.run(kernel, places, ...scalars);
        if (kernel === "sumOfSquares") sum += found;
        for (const place of places) arrays[place]!.set(piece!.arrays[place]!.subarray(0, end - begin), begin);
      }
      return sum;
    },
  };
};

const allocateArray = (length: number): Float32Array => {
  try {
    return new Float32Array(length);
  } catch {
    throw tooLarge(FLOAT_BYTES * length);
  }
};

const allocate = (bytes: number): WebAssembly.Memory => {
  try {
    return new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
  } catch {
    throw tooLarge(bytes);
  }
};

const tooLarge = (bytes: number): BlockZeroError =>
  new BlockZeroError(
    "KERNEL_MEMORY",
    `no memory of ${(bytes / 2 ** 30).toFixed(1)} GiB to compute in`,
    `free some memory, or train a smaller group; ${ADDRESS_SPACE_HINT}`,
  );
