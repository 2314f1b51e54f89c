/** Memory that is used again and again: what it gave before is overwritten by whoever asks next. */
export type Scratch = (bytes: number) => Uint8Array;

/** As much as the largest request; begins at a multiple of eight bytes. */
export const createScratch = (): Scratch => reusing((bytes) => new ArrayBuffer(bytes));

/** The same, of memory that other threads see too. */
export const createSharedScratch = (): Scratch => reusing((bytes) => new SharedArrayBuffer(bytes));

/** The same for float32 elements; they hold anything. */
export const createFloatScratch = (): ((length: number) => Float32Array) => {
  const scratch = createScratch();
  return (length) => {
    const { buffer, byteOffset } = scratch(4 * length);
    return new Float32Array(buffer, byteOffset, length);
  };
};

const reusing = (allocate: (bytes: number) => ArrayBufferLike): Scratch => {
  let memory = new Uint8Array(allocate(0));
  return (bytes) => {
    if (memory.length < bytes) memory = new Uint8Array(allocate(bytes));
    return memory.subarray(0, bytes);
  };
};
