import { BlockZeroError } from "#shared/errors.js";
import type { Chain } from "./chain.js";
import { type ConnectOptions, connectDevChain } from "./dev-chain.js";

/**
 * Connects to the chain that an endpoint names; its scheme picks the implementation. `ws:` is a devchain.
 * Throws `BlockZeroError` CHAIN_ENDPOINT_INVALID, CHAIN_UNREACHABLE.
 */
export const connectChain = async (options: ConnectOptions): Promise<Chain> => {
  const scheme = URL.canParse(options.endpoint) ? new URL(options.endpoint).protocol : undefined;
  if (scheme === "ws:") return connectDevChain(options);
  throw new BlockZeroError(
    "CHAIN_ENDPOINT_INVALID",
    `${JSON.stringify(options.endpoint)} is not a chain endpoint`,
    "give the WebSocket URL of a devchain, e.g. ws://127.0.0.1:9944",
  );
};
