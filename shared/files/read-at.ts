import type { FileHandle } from "node:fs/promises";

/** Largest single read: some systems refuse more than 2 GiB at once. */
export const READ_BYTES = 1 << 30;

/**
 * Fills `into` with what stands from `position` on, in as few calls as the system allows.
 *
 * @returns the bytes read: fewer than asked for at the file's end
 */
export const readAt = async (file: FileHandle, into: Uint8Array, position: number): Promise<number> => {
  let done = 0;
  while (done < into.length) {
    const length = Math.min(into.length - done, READ_BYTES);
    const { bytesRead } = await file.read(into, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
};
