import { setTimeout as delay } from "node:timers/promises";

/** The machine's own measure: milliseconds of a fixed piece of work, longer with more other work beside it. */
export const MACHINE_PACE = "pace";

const PIECES = 20;
const APART_MS = 25;
const ROUNDS = 2_000_000;

/** Milliseconds of the work, the mean of some pieces apart. */
export const pace = async (): Promise<number> => {
  let total = 0;
  for (let piece = 0; piece < PIECES; piece++) {
    await delay(APART_MS);
    const begun = performance.now();
    let x = piece;
    for (let i = 0; i < ROUNDS; i++) x = (x * 1_103_515_245 + 12_345) | 0;
    total += performance.now() - begun + (x & 0);
  }
  return total / PIECES;
};
