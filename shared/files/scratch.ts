/** Memory that is reused: each request overwrites the result of the previous one. */
export type Scratch = (bytes: number) => Uint8Array;

/** As large as the largest request. Starts at a multiple of eight bytes. */
export const createScratch = (): Scratch => reusing((bytes) => new ArrayBuffer(bytes));

/** The same in memory that is shared with other threads. */
export const createSharedScratch = (): Scratch => reusing((bytes) => new SharedArrayBuffer(bytes));

/** The same for float32 elements, with any content. */
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
