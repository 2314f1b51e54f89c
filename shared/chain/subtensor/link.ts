import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import type { Log } from "#shared/telemetry/log.js";
import type { Head } from "../chain.js";
import type { ConnectOptions } from "../dev-chain.js";
import { systemClock } from "../devchain/clock.js";
import type { EndpointRotation } from "../endpoint-rotation.js";
import { HeadStream } from "../head-stream.js";
import { type Ask, RpcError, RpcSocket } from "../rpc-socket.js";
import { isStale, STALE_HEAD_MS, watchHeads } from "../stale-head.js";
import { bare, hashSchema, headAt, headsFrom, newestHead, parseHeader } from "./substrate.js";

export interface LinkOptions extends ConnectOptions {
  readonly log: Log;
  /** A fork replaced the blocks above this number. */
  readonly onFork: (fork: number) => void;
  /** Connected again, perhaps to another node. */
  readonly onReconnected: () => void;
  readonly onEnd: (error: BlockZeroError) => void;
}

/** A lasting connection to the nodes of one Substrate chain: requests, subscriptions and heads outlive the sockets. */
export interface Link {
  /** 64 hex digits. */
  readonly genesisHash: string;
  readonly endpoint: string;
  readonly heads: HeadStream;
  /** Asks and waits through outages; with `repeat` false an outage rejects it with CHAIN_DISCONNECTED. */
  request(method: string, params: readonly unknown[], repeat?: boolean): Promise<unknown>;
  /** Calls back with every result, over each connection anew. */
  subscribe(method: string, params: readonly unknown[], callback: (result: unknown) => void): Promise<() => void>;
  /** Leaves an endpoint that is of no use, where there is another. */
  rotate(reason: string): void;
  end(error: BlockZeroError): Promise<void>;
}

interface Subscription {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly callback: (result: unknown) => void;
}

const notificationSchema = z.object({ subscription: z.union([z.string(), z.number()]), result: z.unknown() });
const subscriptionId = z.union([z.string(), z.number()]).transform(String);
/** Notifications that may come before the answer that names their subscription. */
const MAX_EARLY = 64;

/** Throws `BlockZeroError` CHAIN_UNREACHABLE, NOT_A_SUBSTRATE_NODE, WRONG_NETWORK, CHAIN_CLOSED. */
export const openLink = async (options: LinkOptions): Promise<Link> => {
  const { log, signal, timeoutMs = 5000, clock = systemClock, staleMs = STALE_HEAD_MS } = options;
  const endpoints = typeof options.endpoint === "string" ? [options.endpoint] : options.endpoint;
  const lasting = new Set<Subscription>();
  const active = new Map<string, Subscription>();
  const early: { id: string; result: unknown }[] = [];
  let headsId: string | undefined;
  let genesisHash: string | undefined;
  let greeted = () => {};
  let refused = (_: BlockZeroError) => {};
  const firstContact = new Promise<void>((resolve, reject) => {
    greeted = resolve;
    refused = reject;
  });

  const end = async (error: BlockZeroError) => {
    refused(error);
    watch.stop();
    signal?.removeEventListener("abort", onAbort);
    options.onEnd(error);
    await socket.fail(error);
  };
  const onAbort = () => void end(closed());

  const greet = async (ask: Ask, rotation: EndpointRotation) => {
    const endpoint = rotation.current;
    try {
      active.clear();
      early.length = 0;
      const [genesis] = z.array(hashSchema).parse(await ask("chain_getBlockHash", [[0]]));
      const ours = genesisHash ?? bare(genesis!);
      if (bare(genesis!) !== ours)
        throw rotation.hasOthers ? wrongNetwork(endpoint, bare(genesis!), ours) : wasReset(endpoint);
      const { head, parent } = await newestHead(ask);
      if (rotation.hasOthers && !rotation.isDesperate && isStale(head, clock.now(), staleMs))
        throw isBehind(endpoint, head);
      if (!(await heads.join(head, (from, count) => headsFrom(ask, from, count))))
        throw rotation.hasOthers ? isBehind(endpoint, head) : wasReset(endpoint);
      headsId = subscriptionId.parse(await ask("chain_subscribeNewHeads", []));
      genesisHash = ours;
      heads.heard(head, parent);
    } catch (thrown) {
      if (thrown instanceof RpcError || thrown instanceof z.ZodError) throw notSubstrate(endpoint, thrown);
      throw thrown;
    }
  };

  const hear = async (json: unknown) => {
    try {
      const { number, hash, parent } = parseHeader(json);
      heads.heard(await headAt(request, number, hash), bare(parent));
    } catch (error) {
      log.debug("a notified head could not be read; the next one fills the gap", { reason: reasonOf(error) });
    }
  };

  const socket = new RpcSocket({
    endpoints,
    log,
    greet,
    onReady: () => {
      watch.restart();
      greeted();
      for (const subscription of lasting) void activate(subscription);
      options.onReconnected();
    },
    onNotification: (_, params) => {
      const parsed = notificationSchema.safeParse(params);
      if (!parsed.success) return;
      const { result } = parsed.data;
      const id = String(parsed.data.subscription);
      if (id === headsId) {
        watch.restart();
        void hear(result);
      } else if (active.has(id)) active.get(id)!.callback(result);
      else if (early.length < MAX_EARLY) early.push({ id, result });
    },
    onEnd: (error) => void end(error),
    clock,
    random: options.random,
  });
  const watch = watchHeads(clock, staleMs, () => socket.rotate(`no new block for ${staleMs / 1000} s`));
  const request: Link["request"] = (method, params, repeat) => socket.request(method, params, repeat);
  const heads = new HeadStream((from, count) => headsFrom(request, from, count), log, options.onFork);

  const activate = async (subscription: Subscription): Promise<void> => {
    const { method, params, callback } = subscription;
    try {
      const id = subscriptionId.parse(await socket.request(method, params, false));
      if (!lasting.has(subscription)) return;
      active.set(id, subscription);
      for (const { result } of early.filter((notice) => notice.id === id)) callback(result);
    } catch (error) {
      // The next connection subscribes again.
      log.debug("a subscription failed", { method, reason: reasonOf(error) });
    }
  };

  const cancelTimeout = clock.after(timeoutMs, () => {
    void end(unreachable(socket.endpoint, socket.lastReason));
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
    subscribe: async (method, params, callback) => {
      const subscription = { method, params, callback };
      lasting.add(subscription);
      await activate(subscription);
      return () => {
        lasting.delete(subscription);
        for (const [id, other] of active) if (other === subscription) active.delete(id);
      };
    },
    rotate: (reason) => socket.rotate(reason),
    end,
  };
};

export const closed = (): BlockZeroError =>
  new BlockZeroError("CHAIN_CLOSED", "the chain was closed", "connect again to go on");
const unreachable = (endpoint: string, reason: string): BlockZeroError =>
  new BlockZeroError(
    "CHAIN_UNREACHABLE",
    `no chain at ${endpoint}: ${reason}`,
    "correct the endpoint, or start the node",
  );
const notSubstrate = (endpoint: string, thrown: Error): BlockZeroError =>
  new BlockZeroError(
    "NOT_A_SUBSTRATE_NODE",
    `${endpoint} does not speak as a Substrate node: ${reasonOf(thrown).slice(0, 200)}`,
    "correct the endpoint",
    { cause: thrown },
  );
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
const isBehind = (endpoint: string, head: Head): BlockZeroError =>
  new BlockZeroError("CHAIN_BEHIND", `${endpoint} is behind: its head is block ${head.number}`, "let it catch up");
