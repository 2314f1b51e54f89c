import { allocateVectors, type VectorGroup } from "./vector-memory.js";

/** Elements of a block: copied to where kernels compute, some blocks stay in the processor's cache. */
export const BLOCK = 4096;

/** Of a block. */
export const BLOCK_BYTES = 4 * BLOCK;

let memory: VectorGroup | null = null;

/** At least so many blocks, one behind the other. They are this thread's, and whoever asks next has the same: nothing in them lasts. */
export const blocks = (count: number): VectorGroup => {
  if (memory === null || memory.arrays.length < count) memory = allocateVectors([BLOCK], count)[0]!;
  return memory;
};
