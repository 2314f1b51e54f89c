import type { Instruments } from "#shared/telemetry/instruments/instruments.js";

/** What a connection says of itself when it is asked. */
export interface ConnectionState {
  readonly endpoint: string;
  readonly isReady: boolean;
}

/** Shows which of the endpoints is in use. @returns ends it */
export const observeConnection = (
  endpoints: readonly string[],
  state: () => ConnectionState,
  instruments: Instruments,
): (() => void) =>
  instruments.beforeReading(() => {
    const { endpoint, isReady } = state();
    for (const one of endpoints)
      instruments.set("blockzero_chain_endpoint", isReady && one === endpoint ? 1 : 0, { endpoint: one });
  });
