import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import {
  type ChainConnection,
  type ConnectionOptions,
  type Listener,
  openConnection,
} from "../connection/connection.js";
import { bare, hashSchema, headAt, headsFrom, newestHead, parseHeader } from "./substrate.js";

export type LinkOptions = Omit<
  ConnectionOptions,
  "greet" | "accepted" | "headsFrom" | "onNotification" | "onReady" | "stranger" | "unreachableHint"
> & {
  /** Connected again, possibly to another node. */
  readonly onReconnected: () => void;
};

/** A lasting connection to the nodes of one Substrate chain. Its subscriptions also survive the loss of a socket. */
export interface Link extends ChainConnection {
  /** Calls back with every result. Subscribes again on every connection. */
  subscribe(method: string, params: readonly unknown[], callback: (result: unknown) => void): Promise<() => void>;
}

interface Subscription {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly callback: (result: unknown) => void;
}

const notificationSchema = z.object({ subscription: z.union([z.string(), z.number()]), result: z.unknown() });
const subscriptionId = z.union([z.string(), z.number()]).transform(String);
/** Newest notifications kept that arrive before the answer that names their subscription, or after its end. */
const MAX_EARLY = 4;
/** Heads whose time is asked for at once. A node announces one in some seconds. */
const MAX_READING = 64;

/** Throws `BlockZeroError` CHAIN_UNREACHABLE, NOT_A_SUBSTRATE_NODE, WRONG_NETWORK, CHAIN_CLOSED. */
export const openLink = async (options: LinkOptions): Promise<Link> => {
  const { log } = options;
  const lasting = new Set<Subscription>();
  const active = new Map<string, Subscription>();
  /** Such that the node did not take. They are asked for again with its next head. */
  const refused = new Set<Subscription>();
  const early: { id: string; result: unknown }[] = [];
  let headsId: string | undefined;

  let reading = 0;
  const hear = async (json: unknown, { heard, request }: Listener) => {
    // The next one fills the gap.
    if (reading >= MAX_READING) return;
    reading++;
    try {
      const { number, hash, parent } = parseHeader(json);
      heard(await headAt(request, number, hash), bare(parent));
    } catch (error) {
      log.debug("a notified head could not be read; the next one fills the gap", { reason: reasonOf(error) });
    } finally {
      reading--;
    }
  };

  const activate = async (subscription: Subscription): Promise<void> => {
    const { method, params, callback } = subscription;
    try {
      const id = subscriptionId.parse(await line.request(method, params, false));
      if (!lasting.has(subscription)) return;
      active.set(id, subscription);
      for (const { result } of early.filter((notice) => notice.id === id)) callback(result);
    } catch (error) {
      // The next head, or the next connection, subscribes again.
      if (lasting.has(subscription)) refused.add(subscription);
      log.debug("a subscription failed", { method, reason: reasonOf(error) });
    }
  };

  const line: ChainConnection = await openConnection({
    ...options,
    greet: async (ask) => {
      active.clear();
      refused.clear();
      early.length = 0;
      const [genesis] = z.array(hashSchema).parse(await ask("chain_getBlockHash", [[0]]));
      return { genesis: bare(genesis!), ...(await newestHead(ask)) };
    },
    accepted: async (ask) => {
      headsId = subscriptionId.parse(await ask("chain_subscribeNewHeads", []));
    },
    headsFrom,
    onReady: () => {
      // What was refused while the node was greeted is asked for here, and once.
      refused.clear();
      for (const subscription of lasting) void activate(subscription);
      options.onReconnected();
    },
    onNotification: (_, params, listener) => {
      const parsed = notificationSchema.safeParse(params);
      if (!parsed.success) return;
      const { result } = parsed.data;
      const id = String(parsed.data.subscription);
      if (id === headsId) {
        const again = [...refused];
        refused.clear();
        for (const subscription of again) void activate(subscription);
        void hear(result, listener);
      } else if (active.has(id)) active.get(id)!.callback(result);
      else {
        early.push({ id, result });
        early.splice(0, early.length - MAX_EARLY);
      }
    },
    stranger: notSubstrate,
    unreachableHint: "correct the endpoint, or start the node",
  });

  return {
    ...line,
    get endpoint() {
      return line.endpoint;
    },
    subscribe: async (method, params, callback) => {
      const subscription = { method, params, callback };
      lasting.add(subscription);
      await activate(subscription);
      return () => {
        lasting.delete(subscription);
        refused.delete(subscription);
        for (const [id, other] of active) if (other === subscription) active.delete(id);
      };
    },
  };
};

const notSubstrate = (endpoint: string, thrown: Error): BlockZeroError =>
  new BlockZeroError(
    "NOT_A_SUBSTRATE_NODE",
    `${endpoint} does not speak as a Substrate node: ${reasonOf(thrown).slice(0, 200)}`,
    "correct the endpoint",
    { cause: thrown },
  );
