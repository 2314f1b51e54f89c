import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import { silentInstruments } from "#shared/telemetry/instruments/instruments.js";
import type { Log } from "#shared/telemetry/log.js";
import type { Head } from "../chain.js";
import { systemClock } from "../clock.js";
import type { ConnectOptions } from "./connect-options.js";
import type { EndpointRotation } from "./endpoint-rotation.js";
import { HeadStream } from "./head-stream.js";
import { observeConnection } from "./observe-connection.js";
import { type Ask, RpcError, RpcSocket } from "./rpc-socket.js";
import { isStale, STALE_HEAD_MS, watchHeads } from "./stale-head.js";

/** What a node says about itself over a new connection. */
export interface Greeting {
  /** 64 hex digits. */
  readonly genesis: string;
  readonly head: Head;
  /** Hash of the block before the head, if the node gives it. */
  readonly parent?: string | undefined;
}

/** The receiver of notifications. */
export interface Listener {
  /** A head exists. */
  heard(head: Head, parent?: string): void;
  /** Sends a request and waits through outages. With `repeat` false an outage rejects the request with CHAIN_DISCONNECTED. */
  request(method: string, params: readonly unknown[], repeat?: boolean): Promise<unknown>;
}

/** The differences between the kinds of chain. */
export interface ConnectionOptions extends ConnectOptions {
  readonly log: Log;
  readonly greet: (ask: Ask) => Promise<Greeting>;
  /** Called when the node serves the right chain. Requests what else belongs to the connection. */
  readonly accepted?: (ask: Ask) => Promise<void>;
  readonly headsFrom: (ask: Ask, from: number, count: number) => Promise<readonly Head[]>;
  readonly onNotification: (method: string, params: unknown, line: Listener) => void;
  /** A fork replaced the blocks above this number. */
  readonly onFork: (fork: number) => void;
  /** Connected, possibly to another node than before. */
  readonly onReady: () => void;
  readonly onEnd: (error: BlockZeroError) => void;
  /** The error for a node whose answer no node of this kind would give. */
  readonly stranger: (endpoint: string, thrown: Error) => BlockZeroError;
  /** The hint if no node answers. */
  readonly unreachableHint: string;
}

/** A lasting connection to the nodes of one chain. Requests and heads survive the loss of a socket. */
export interface ChainConnection extends Pick<Listener, "request"> {
  /** 64 hex digits. */
  readonly genesisHash: string;
  readonly endpoint: string;
  readonly heads: HeadStream;
  /** Leaves an unusable endpoint, if there is another. */
  rotate(reason: string): void;
  end(error: BlockZeroError): Promise<void>;
}

/**
 * Connects to the first endpoint that serves the chain and is not behind. Later endpoints must serve the same chain. Throws
 * `BlockZeroError` CHAIN_UNREACHABLE, WRONG_NETWORK, CHAIN_CLOSED, and the errors of `stranger`.
 */
export const openConnection = async (options: ConnectionOptions): Promise<ChainConnection> => {
  const { log, signal, timeoutMs = 5000, clock = systemClock, staleMs = STALE_HEAD_MS, headsFrom } = options;
  const { instruments = silentInstruments } = options;
  const endpoints = typeof options.endpoint === "string" ? [options.endpoint] : options.endpoint;
  let genesisHash: string | undefined;
  let greeted = () => {};
  let refused = (_: BlockZeroError) => {};
  const firstContact = new Promise<void>((resolve, reject) => {
    greeted = resolve;
    refused = reject;
  });

  const end = async (error: BlockZeroError) => {
    refused(error);
    watching.abort();
    watch.stop();
    unobserve();
    signal?.removeEventListener("abort", onAbort);
    options.onEnd(error);
    await socket.fail(error);
  };
  const onAbort = () => void end(closed());

  /** When the newest connection was lost, while there is none. */
  let lostAt: number | undefined;
  /**
   * Whether a node's head is so much newer than the last connection that it would have every block that was seen over it. The age of block 0 tells
   * nothing.
   */
  const isOutlived = (head: Head): boolean =>
    lostAt !== undefined && clock.now() - lostAt > staleMs && head.number > 0 && !isStale(head, clock.now(), staleMs);

  const meet = async (ask: Ask, rotation: EndpointRotation) => {
    const endpoint = rotation.current;
    const { genesis, head, parent } = await options.greet(ask);
    if (genesisHash !== undefined && genesis !== genesisHash)
      throw rotation.hasOthers ? wrongNetwork(endpoint, genesis, genesisHash) : wasReset(endpoint);
    if (rotation.hasOthers && !rotation.isDesperate && isStale(head, clock.now(), staleMs))
      throw isBehind(endpoint, head);
    if (!(await heads.join(head, (from, count) => headsFrom(ask, from, count)))) {
      if (isOutlived(head)) {
        const error = hasNoneOfOurs(endpoint, staleMs);
        void end(error);
        throw error;
      }
      // A node that has fewer blocks than are remembered may be the same chain's, and is waited for.
      const mayCatchUp = rotation.hasOthers || head.number < heads.oldest;
      throw mayCatchUp ? isBehind(endpoint, head) : wasReset(endpoint);
    }
    await options.accepted?.(ask);
    genesisHash = genesis;
    heads.heard(head, parent);
  };

  const socket = new RpcSocket({
    endpoints,
    log,
    greet: (ask, rotation) =>
      meet(ask, rotation).catch((thrown: unknown) => {
        const isStranger = thrown instanceof z.ZodError || (thrown instanceof RpcError && thrown.isUnknownMethod);
        throw isStranger ? options.stranger(rotation.current, thrown) : thrown;
      }),
    onReady: () => {
      lostAt = undefined;
      watch.restart();
      greeted();
      options.onReady();
    },
    onLost: () => {
      lostAt = clock.now();
      instruments.add("blockzero_chain_disconnections_total", 1);
    },
    onNotification: (method, params) => options.onNotification(method, params, listener),
    onEnd: (error) => void end(error),
    clock,
    random: options.random,
  });
  const unobserve = observeConnection(endpoints, () => socket, instruments);
  // Subscriptions end unseen, and behind one address there may be many nodes: a new connection helps also where there is no other endpoint.
  const watch = watchHeads(clock, staleMs, () => socket.reconnect(`no new block for ${staleMs / 1000} s`));
  const request: ChainConnection["request"] = (method, params, repeat) => socket.request(method, params, repeat);
  const heads = new HeadStream((from, count) => headsFrom(request, from, count), log, options.onFork);
  // Only a block that is new counts: a node may announce anything.
  const watching = new AbortController();
  heads.listen(() => watch.restart(), watching.signal);
  const listener: Listener = {
    heard: (head, parent) => heads.heard(head, parent),
    request,
  };

  const cancelTimeout = clock.after(timeoutMs, () => {
    void end(unreachable(socket.endpoint, socket.lastReason, options.unreachableHint));
  });
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await firstContact;
  } finally {
    cancelTimeout();
  }

  return {
    genesisHash: genesisHash!,
    get endpoint() {
      return socket.endpoint;
    },
    heads,
    request,
    rotate: (reason) => socket.rotate(reason),
    end,
  };
};

export const unreachable = (endpoint: string, reason: string, hint: string): BlockZeroError =>
  new BlockZeroError("CHAIN_UNREACHABLE", `no chain at ${endpoint}: ${reason}`, hint);
export const closed = (): BlockZeroError =>
  new BlockZeroError("CHAIN_CLOSED", "the chain was closed", "connect again to go on");
const wrongNetwork = (endpoint: string, genesis: string, ours: string): BlockZeroError =>
  new BlockZeroError(
    "WRONG_NETWORK",
    `${endpoint} serves the chain ${genesis.slice(0, 16)}, not ${ours.slice(0, 16)}`,
    "take it out of chain_endpoint",
  );
const wasReset = (endpoint: string): BlockZeroError =>
  new BlockZeroError(
    "CHAIN_RESET",
    `${endpoint} serves another chain than before`,
    "start again against the new chain",
  );
const hasNoneOfOurs = (endpoint: string, outageMs: number): BlockZeroError =>
  new BlockZeroError(
    "CHAIN_RESET",
    `${endpoint} has none of the last blocks that were seen, and nobody else for ${outageMs / 1000} s: a node made them up, or the chain took another way`,
    "start again; where it comes back, leave out the endpoint that was used before",
  );
const isBehind = (endpoint: string, head: Head): BlockZeroError =>
  new BlockZeroError("CHAIN_BEHIND", `${endpoint} is behind: its head is block ${head.number}`, "let it catch up");
