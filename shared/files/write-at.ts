import type { FileHandle } from "node:fs/promises";

/** Largest single write: some systems cut off more than 2 GiB at once. */
const WRITE_BYTES = 1 << 30;

/** Writes all of `bytes` from `position` on, in as few calls as the system allows. `writeFile` makes one call per half a mebibyte. */
export const writeAt = async (file: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(bytes.length - done, WRITE_BYTES);
    done += (await file.write(bytes, done, length, position + done)).bytesWritten;
  }
};
