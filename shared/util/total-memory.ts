import { totalmem } from "node:os";

/** Bytes of memory that the machine or the container has. */
export const totalMemory = (): number => {
  const limit = process.constrainedMemory();
  // Without a limit it is 0, or a number above all memory.
  return limit > 0 && limit < totalmem() ? limit : totalmem();
};
