import { fstatSync, ftruncateSync, writeSync } from "node:fs";

/**
 * Appends a line to a file that was opened for appending, whole or not at all: of what a full disk cuts, nothing stays, so that the next line is one.
 *
 * @param write writes some bytes of the buffer, and says how many
 * @returns the bytes that the file has grown by
 * @throws what writing throws
 */
export const appendLine = (
  descriptor: number,
  text: string,
  write: (descriptor: number, bytes: Uint8Array) => number = writeSync,
): number => {
  const bytes = Buffer.from(`${text}\n`);
  const written = write(descriptor, bytes);
  if (written === bytes.length) return written;
  ftruncateSync(descriptor, fstatSync(descriptor).size - written);
  throw new Error("the disk is full");
};
