import { getEventListeners } from "node:events";

/** How many listen for a signal's abort. */
export const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;
