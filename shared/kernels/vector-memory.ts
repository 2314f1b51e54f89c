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
 * @param lengths elements of each group's arrays
 * @param count   arrays of a group
 * @throws BlockZeroError KERNEL_MEMORY when one group's arrays take more than 4 GiB, or there is not so much memory
 */
export const allocateVectors = (lengths: readonly number[], count: number): readonly VectorGroup[] => {
  const module = new WebAssembly.Module(vectorKernels());
  const sizes = lengths.map((length) => STRIDE * Math.ceil((FLOAT_BYTES * length) / STRIDE));
  const groups: VectorGroup[] = [];
  while (groups.length < lengths.length) {
    const first = groups.length;
    let bytes = 0;
    let last = first;
    for (; last < sizes.length && bytes + count * sizes[last]! <= LARGEST; last++) bytes += count * sizes[last]!;
    if (last === first) throw tooLarge(count * sizes[first]!);
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
