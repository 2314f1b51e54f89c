import { join } from "node:path";

/** Its content changes with each request to measure. */
export const REQUEST = "request";

/** `clock-<process>`: milliseconds that its clock is ahead. */
export const CLOCK = "clock-";

/** What a process found of itself, in MiB. */
export interface SoakedMemory {
  readonly pid: number;
  readonly rss: number;
  /** Data that is alive on the heap after a collection. */
  readonly heap: number;
  /** What the engine has compiled, which grows for as long as functions become frequent. */
  readonly code: number;
  /** Buffers beside the heap. */
  readonly external: number;
}

export const memoryFile = (folder: string, process: string): string => join(folder, `memory-${process}.jsonl`);
