import { BlockZeroError } from "#shared/errors/error.js";
import { silentLog } from "#shared/telemetry/log.js";
import type { Chain } from "./chain.js";
import { systemClock } from "./clock.js";
import type { ConnectOptions } from "./connection/connect-options.js";
import { closed, unreachable } from "./connection/connection.js";
import { RpcError, RpcSocket } from "./connection/rpc-socket.js";
import { connectDevchain } from "./devchain/client.js";
import { endpointOf, NAMED_NETWORKS } from "./subtensor/networks.js";

/** The kind of node behind an endpoint. */
type ChainKind = "devchain" | "subtensor";

/**
 * Connects to the chain that the endpoints serve. A node's answers tell a devchain from subtensor. A network's name stands for its public
 * entry point. Throws `BlockZeroError` CHAIN_ENDPOINT_INVALID, CHAIN_UNREACHABLE, and what connecting to either of them throws.
 */
export const connectChain = async (options: ConnectOptions): Promise<Chain> => {
  const named = typeof options.endpoint === "string" ? [options.endpoint] : options.endpoint;
  const endpoint = named.map(endpointOf);
  for (const url of endpoint) checkEndpoint(url);
  const kind = endpoint.every(isRemote) ? "subtensor" : await kindOf({ ...options, endpoint });
  if (kind === "devchain") return connectDevchain({ ...options, endpoint });
  // Loading `@polkadot/api` takes most of a second, so it is loaded only when needed.
  const { connectSubtensor } = await import("./subtensor/connect.js");
  return connectSubtensor({ ...options, endpoint });
};

const checkEndpoint = (endpoint: string): void => {
  if (URL.canParse(endpoint) && /^wss?:$/.test(new URL(endpoint).protocol)) return;
  throw new BlockZeroError(
    "CHAIN_ENDPOINT_INVALID",
    `${JSON.stringify(endpoint)} is not a chain endpoint`,
    `give a node's WebSocket URL, e.g. ws://127.0.0.1:9944, or a network: ${Object.keys(NAMED_NETWORKS).join(", ")}`,
  );
};

/** A devchain serves only on loopback, without TLS. */
const isRemote = (endpoint: string): boolean => new URL(endpoint).protocol === "wss:";

/** Makes a request that only a Substrate node answers, to the first endpoint that responds. */
const kindOf = async (options: ConnectOptions & { readonly endpoint: readonly string[] }): Promise<ChainKind> => {
  const { endpoint: endpoints, timeoutMs = 5000, clock = systemClock, signal } = options;
  let onAbort = () => {};
  let cancel = () => {};
  const kind = new Promise<ChainKind>((resolve, reject) => {
    const socket = new RpcSocket({
      endpoints,
      log: silentLog,
      greet: async (ask) => {
        try {
          await ask("system_chain", []);
          settle("subtensor");
        } catch (error) {
          if (!(error instanceof RpcError && error.isUnknownMethod)) throw error;
          settle("devchain");
        }
      },
      onReady: () => {},
      onNotification: () => {},
      onEnd: reject,
      clock,
      random: options.random,
    });
    const settle = (answer: ChainKind) => {
      resolve(answer);
      void socket.fail(closed());
    };
    const give = (error: BlockZeroError) => {
      reject(error);
      void socket.fail(error);
    };
    onAbort = () => give(closed());
    cancel = clock.after(timeoutMs, () =>
      give(
        unreachable(socket.endpoint, socket.lastReason, "start it with `blockzero devchain`, or correct the endpoint"),
      ),
    );
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await kind;
  } finally {
    cancel();
    signal?.removeEventListener("abort", onAbort);
  }
};
