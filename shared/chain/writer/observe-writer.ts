import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { onAbort } from "#shared/util/on-abort.js";

/** Shows how many writes wait, whenever the figures are read, until the signal aborts. */
export const observeWriter = (
  writer: { readonly waiting: number },
  instruments: Instruments | undefined,
  signal: AbortSignal,
): void => {
  if (instruments === undefined) return;
  onAbort(
    signal,
    instruments.beforeReading(() => instruments.set("blockzero_chain_writes_waiting", writer.waiting)),
  );
};
