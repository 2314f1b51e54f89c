import { setImmediate as turn } from "node:timers/promises";

/** Lets what waits for this thread go first: between pieces of long arithmetic. */
export const breathe = (): Promise<void> => turn();
