import { setImmediate as yieldToEvents } from "node:timers/promises";

/**
 * Between parts of work that does nothing but compute: what waits has its turn, such as the handler of Ctrl-C.
 *
 * @throws the reason of an aborted signal
 */
export const giveWay = async (signal: AbortSignal): Promise<void> => {
  await yieldToEvents();
  signal.throwIfAborted();
};
