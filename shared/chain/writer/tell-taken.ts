import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { CALLS } from "#shared/telemetry/instruments/labels.js";
import type { Log } from "#shared/telemetry/log.js";

/** Says and counts that another writer used the nonce of a write first; the write itself is signed anew. */
export const tellTaken =
  (log: Log, instruments: Instruments | undefined) =>
  (name: string, address: string): void => {
    log.warn("another writer used the nonce of a write first", {
      call: name,
      address,
      prevention: "let one program write with a key; nodes behind one address that are not equally far look the same",
    });
    const call = CALLS.find((known) => known === name);
    if (call !== undefined) instruments?.add("blockzero_chain_writes_total", 1, { call, outcome: "nonce_taken" });
  };
