import type { Header } from "@polkadot/types/interfaces";
import { hexToU8a, u8aToHex } from "@polkadot/util";
import { decodeAddress } from "@polkadot/util-crypto";
import { z } from "zod";
import type { Hex } from "./executor.js";
import type { BlockHeader, SubtensorNode } from "./node.js";
import { type PoolStatus, RpcFault } from "./pool.js";

/** One connection's subscriptions. */
export interface Subscriptions {
  /** Begins one. `start` gets a function that notifies, and returns a function that ends the subscription. Resolves to its id. */
  open(notification: string, start: (notify: (result: unknown) => void) => () => void): string;
  cancel(id: string): boolean;
}

export type Method = (params: readonly unknown[], subscriptions: Subscriptions) => unknown;

const KEYS_AT_ONCE = 1000;
const BLOCKS_AT_ONCE = 1024;

/** Like other nodes, accepts hex without its prefix. */
const hex = z
  .string()
  .regex(/^(0x)?([0-9a-fA-F]{2})*$/)
  .transform((text): Hex => `0x${text.replace(/^0x/, "").toLowerCase()}`);
const at = hex.nullish().transform((hash) => hash ?? undefined);
const number = z.union([z.int().min(0), hex.transform((text) => Number(BigInt(text)))]).nullish();

/** Receives the block time of `dev_setBlockTime`. */
export interface BlockTimer {
  set(ms: number): void;
}

/** The JSON-RPC methods of a Substrate node that clients need for reading, writing and following a chain. */
export const rpcMethods = (node: SubtensorNode, timer: BlockTimer): ReadonlyMap<string, Method> => {
  const { registry } = node;
  const known = (hash: Hex | undefined): BlockHeader => {
    const block = node.block(hash ?? node.head.hash);
    if (!block) throw new RpcFault(4003, `Client error: UnknownBlock: Header was not found in the database: ${hash}`);
    return block;
  };
  const headerOf = (block: BlockHeader) => {
    const header = registry.createType<Header>("Header", hexToU8a(block.header));
    return {
      parentHash: header.parentHash.toHex(),
      number: `0x${header.number.toNumber().toString(16)}`,
      stateRoot: header.stateRoot.toHex(),
      extrinsicsRoot: header.extrinsicsRoot.toHex(),
      digest: { logs: header.digest.logs.map((log) => log.toHex()) },
    };
  };
  const followHeads =
    (notification: string): Method =>
    (_, subscriptions) =>
      subscriptions.open(notification, (notify) => {
        notify(headerOf(node.head));
        return node.onBlock((block) => notify(headerOf(block)));
      });
  const followFinalized: Method = (_, subscriptions) =>
    subscriptions.open("chain_finalizedHead", (notify) => {
      notify(headerOf(node.finalized));
      return node.onFinalized((block) => notify(headerOf(block)));
    });
  const unsubscribe: Method = ([id], subscriptions) => subscriptions.cancel(String(id));
  const version = async (hash?: Hex) => {
    const answer = await node.call("Core_version", "0x", hash);
    const { apis, ...rest } = registry.createType("RuntimeVersion", hexToU8a(answer)).toJSON() as Record<
      string,
      unknown
    >;
    return { ...rest, apis };
  };
  const storage: Method = (params) => {
    const [key, hash] = z.tuple([hex, at.optional()]).parse(params);
    return node.state(hash).get(key) ?? null;
  };
  const query = (keys: readonly Hex[], block: BlockHeader) => {
    const state = node.state(block.hash);
    return { block: block.hash, changes: keys.map((key) => [key, state.get(key) ?? null]) };
  };
  const nextNonce: Method = (params) => {
    const [account] = z.tuple([z.string()]).parse(params);
    return node.nextNonce(u8aToHex(decodeAddress(account)));
  };
  const blockHash: Method = (params) => {
    const [at] = z.tuple([z.union([number, z.array(number)]).optional()]).parse(params);
    const hashAt = (n: number | null | undefined) => node.block(n ?? node.head.number)?.hash ?? null;
    return Array.isArray(at) ? at.map(hashAt) : hashAt(at);
  };

  const methods = new Map<string, Method>([
    ["system_chain", () => "Subtensor, offline"],
    ["system_name", () => "BlockZero's offline subtensor"],
    ["system_version", () => "1"],
    ["system_chainType", () => "Development"],
    ["system_health", () => ({ peers: 0, isSyncing: false, shouldHavePeers: false })],
    ["system_properties", () => ({ ss58Format: 42, tokenDecimals: 9, tokenSymbol: "TAO" })],
    ["system_accountNextIndex", nextNonce],
    ["account_nextIndex", nextNonce],
    ["chain_getBlockHash", blockHash],
    ["chain_getHead", blockHash],
    ["chain_getFinalizedHead", () => node.finalized.hash],
    ["chain_getFinalisedHead", () => node.finalized.hash],
    ["chain_getHeader", (params) => headerOf(known(z.tuple([at.optional()]).parse(params)[0]))],
    [
      "chain_getBlock",
      (params) => {
        const block = known(z.tuple([at.optional()]).parse(params)[0]);
        return { block: { header: headerOf(block), extrinsics: block.extrinsics }, justifications: null };
      },
    ],
    ["chain_subscribeNewHeads", followHeads("chain_newHead")],
    ["chain_subscribeNewHead", followHeads("chain_newHead")],
    ["chain_subscribeAllHeads", followHeads("chain_allHead")],
    ["chain_subscribeFinalizedHeads", followFinalized],
    ["state_getStorage", storage],
    ["state_getStorageAt", storage],
    [
      "state_getKeysPaged",
      (params) => {
        const [prefix, count, start, hash] = z
          .tuple([hex, z.int().min(1).max(KEYS_AT_ONCE), hex.nullish(), at.optional()])
          .parse([params[0], params[1], params[2] ?? null, params[3] ?? null]);
        return node.state(hash).keys(prefix, count, start ?? prefix);
      },
    ],
    [
      "state_queryStorageAt",
      (params) => {
        const [keys, hash] = z.tuple([z.array(hex), at.optional()]).parse(params);
        return [query(keys, known(hash))];
      },
    ],
    [
      "state_subscribeStorage",
      (params, subscriptions) => {
        const [keys] = z.tuple([z.array(hex)]).parse(params);
        return subscriptions.open("state_storage", (notify) => {
          notify(query(keys, node.head));
          return node.onBlock((block) => {
            if (block.hasState) notify(query(keys, block));
          });
        });
      },
    ],
    [
      "state_call",
      (params) => {
        const [method, argument, hash] = z.tuple([z.string().max(256), hex, at.optional()]).parse(params);
        return node.call(method, argument, hash);
      },
    ],
    [
      "state_getMetadata",
      async (params) => {
        const metadata = hexToU8a(
          await node.call("Metadata_metadata", "0x", z.tuple([at.optional()]).parse(params)[0]),
        );
        return registry.createType("Bytes", metadata).toHex();
      },
    ],
    ["state_getRuntimeVersion", (params) => version(z.tuple([at.optional()]).parse(params)[0])],
    ["chain_getRuntimeVersion", (params) => version(z.tuple([at.optional()]).parse(params)[0])],
    [
      "state_subscribeRuntimeVersion",
      async (_, subscriptions) => {
        const now = await version();
        return subscriptions.open("state_runtimeVersion", (notify) => {
          notify(now);
          return () => {};
        });
      },
    ],
    [
      "payment_queryInfo",
      async (params) => {
        const [extrinsic, hash] = z.tuple([hex, at.optional()]).parse(params);
        const length = registry.createType("u32", (extrinsic.length - 2) / 2).toHex(true);
        const answer = await node.call("TransactionPaymentApi_query_info", `${extrinsic}${length.slice(2)}`, hash);
        return registry.createType("RuntimeDispatchInfo", hexToU8a(answer)).toJSON();
      },
    ],
    ["author_pendingExtrinsics", () => node.pool.all.map(({ bytes }) => bytes)],
    ["author_submitExtrinsic", async (params) => (await node.submit(z.tuple([hex]).parse(params)[0])).hash],
    [
      "author_submitAndWatchExtrinsic",
      async (params, subscriptions) => {
        const pooled = await node.submit(z.tuple([hex]).parse(params)[0]);
        return subscriptions.open("author_extrinsicUpdate", (notify) => {
          const watch = (status: PoolStatus) => notify(status);
          notify("ready");
          pooled.watchers.add(watch);
          return () => pooled.watchers.delete(watch);
        });
      },
    ],
    [
      "dev_newBlocks",
      async (params) => {
        const [count] = z.tuple([z.int().min(1).max(BLOCKS_AT_ONCE)]).parse(params);
        return (await node.newBlocks(count)).hash;
      },
    ],
    [
      "dev_setBlockTime",
      (params) => {
        timer.set(z.tuple([z.int().min(0).max(3_600_000)]).parse(params)[0]);
        return true;
      },
    ],
    [
      "dev_setStorage",
      async (params) => {
        const [changes] = z.tuple([z.array(z.tuple([hex, hex.nullable()]))]).parse(params);
        await node.setStorage(changes);
        return node.head.hash;
      },
    ],
    ...[
      "chain_unsubscribeNewHeads",
      "chain_unsubscribeNewHead",
      "chain_unsubscribeAllHeads",
      "chain_unsubscribeFinalizedHeads",
      "state_unsubscribeStorage",
      "state_unsubscribeRuntimeVersion",
      "author_unwatchExtrinsic",
    ].map((name): [string, Method] => [name, unsubscribe]),
  ]);
  methods.set("rpc_methods", () => ({ methods: [...methods.keys()] }));
  return methods;
};
