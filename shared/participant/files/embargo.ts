import { z } from "zod";
import { openJournal } from "../writes/journal.js";

/** Which of this participant's blobs may not be fetched yet, and until which block. */
export interface Embargo {
  /** Durable when it returns. Call it before the blob enters the store. */
  hold(hash: string, until: number): void;
  isLifted(hash: string): boolean;
}

const schema = z.record(z.string(), z.int()).default({});

/** @param block the newest block's number */
export const openEmbargo = (path: string, block: () => number): Embargo => {
  const journal = openJournal(path, schema);
  const isOver = (until: number | undefined) => until === undefined || block() >= until;
  return {
    hold: (hash, until) =>
      journal.update((held) => ({
        ...Object.fromEntries(Object.entries(held).filter(([, end]) => !isOver(end))),
        [hash]: until,
      })),
    isLifted: (hash) => isOver(journal.value[hash]),
  };
};
