import { hasCode } from "#shared/errors/error.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import type { WRITE_OUTCOMES } from "#shared/telemetry/instruments/labels.js";
import type { Chain } from "./chain.js";

/** The same chain; its writes are counted. */
export const observedChain = (chain: Chain, instruments: Instruments): Chain => ({
  ...chain,
  submit: async (call, signer) => {
    const begun = performance.now();
    const ended = (outcome: (typeof WRITE_OUTCOMES)[number]) =>
      instruments.add("blockzero_chain_writes_total", 1, { call: call.name, outcome });
    try {
      const inclusion = await chain.submit(call, signer);
      ended("included");
      instruments.observe("blockzero_chain_write_duration_seconds", (performance.now() - begun) / 1000, {
        call: call.name,
      });
      return inclusion;
    } catch (thrown) {
      ended(outcomeOf(thrown));
      throw thrown;
    }
  },
});

/** A nonce that another writer used is counted each time that it happens, by the writer itself. */
const outcomeOf = (thrown: unknown): (typeof WRITE_OUTCOMES)[number] => {
  if (hasCode(thrown, "KEY_IN_USE")) return "key_in_use";
  if (hasCode(thrown, "CHAIN_REJECTED")) return "rejected";
  return hasCode(thrown, "CHAIN_UNREACHABLE", "CHAIN_DISCONNECTED", "CHAIN_TIMEOUT") ? "unreachable" : "failed";
};
