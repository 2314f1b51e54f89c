/**
 * Collects chunks by copying them into one buffer that doubles. Memory stays within twice the bytes received, however small a sender's
 * chunks are.
 */
export const growingBuffer = () => {
  let buffer = new Uint8Array(1 << 16);
  let length = 0;
  return {
    length: (): number => length,
    append: (chunk: Uint8Array): void => {
      if (length + chunk.length > buffer.length) {
        const larger = new Uint8Array(Math.max(buffer.length * 2, length + chunk.length));
        larger.set(buffer.subarray(0, length));
        buffer = larger;
      }
      buffer.set(chunk, length);
      length += chunk.length;
    },
    bytes: (): Uint8Array => buffer.subarray(0, length),
  };
};
