import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import type { Log } from "#shared/telemetry/log.js";
import type { ChainCall } from "./call.js";
import type { Chain, Head, Inclusion, Signer } from "./chain.js";
import { ChainRejected } from "./chain-rejected.js";
import { type Call, callSchema, type SudoCallSpec } from "./devchain/calls.js";
import { extrinsicHash, signExtrinsic } from "./devchain/extrinsic.js";
import * as wire from "./devchain/wire.js";
import { ExtrinsicWriter } from "./extrinsic-writer.js";
import { HeadStream } from "./head-stream.js";
import { RpcError, RpcSocket } from "./rpc-socket.js";

export interface ConnectOptions {
  /** Where the node is, e.g. `ws://127.0.0.1:9944`. */
  readonly endpoint: string;
  readonly log?: Log;
  /** Aborting it closes the chain. */
  readonly signal?: AbortSignal;
  /** For the first connection only; later outages are waited out. Default 5000. */
  readonly timeoutMs?: number;
  /** Told once when the chain is lost for good after the first contact: another chain answers at the endpoint, say. */
  readonly onLost?: (error: BlockZeroError) => void;
}

/** A devchain: what every chain does, and what only a chain of one's own can be asked. */
export interface DevChain extends Chain {
  /** Builds blocks at once; what waits goes into the first. */
  newBlocks(count: number): Promise<Head>;
  /** Milliseconds between blocks; 0: only on `newBlocks`. */
  setBlockTime(ms: number): Promise<void>;
  /** The account's next nonce, after what waits. */
  nonce(account: string): Promise<number>;
  /** All of the calls or none, signed by the chain's sudo key. */
  sudo(calls: readonly SudoCallSpec[], signer: Signer): Promise<Inclusion>;
}

const BLOCKS_AT_ONCE = 1024;
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Connects to a devchain. Throws `BlockZeroError` CHAIN_UNREACHABLE, NOT_A_DEVCHAIN. */
export const connectDevChain = async (options: ConnectOptions): Promise<DevChain> => {
  const { endpoint, log = silent, signal, timeoutMs = 5000 } = options;
  let genesisHash: string | undefined;
  let greeted = () => {};
  let refused = (_: BlockZeroError) => {};
  const firstContact = new Promise<void>((resolve, reject) => {
    greeted = resolve;
    refused = reject;
  });

  const end = async (error: BlockZeroError) => {
    refused(error);
    if (genesisHash !== undefined && error.code !== "CHAIN_CLOSED") options.onLost?.(error);
    writer.fail(error);
    await socket.fail(error);
  };

  const greet = async () => {
    const known = heads.last;
    try {
      const subscription = wire.subscriptionSchema.parse(await socket.request("chain_subscribe", [], false));
      const isSame =
        genesisHash === undefined ||
        (genesisHash === subscription.genesis &&
          (!known || (await socket.request("chain_hash", [known.number], false)) === known.hash));
      if (!isSame) throw wasReset(endpoint);
      genesisHash = subscription.genesis;
      heads.heard(subscription.head);
      greeted();
    } catch (error) {
      if (error instanceof BlockZeroError && error.code === "CHAIN_DISCONNECTED") return;
      if (error instanceof RpcError && error.reason === "BLOCK_UNKNOWN") return void end(wasReset(endpoint));
      void end(
        error instanceof BlockZeroError
          ? error
          : new BlockZeroError(
              "NOT_A_DEVCHAIN",
              `${endpoint} does not speak as a devchain: ${reasonOf(error).slice(0, 200)}`,
              "start one with `blockzero devchain`, or correct the endpoint",
            ),
      );
    }
  };

  const socket = new RpcSocket({
    endpoint,
    log,
    onOpen: () => {
      void greet();
      writer.sendAgain();
    },
    onNotification: (method, params) => {
      const parsed = method === "head" ? wire.headSchema.safeParse(params) : undefined;
      if (parsed?.success) {
        heads.heard(parsed.data);
        writer.newHead();
      }
      const receipt = method === "extrinsic" ? wire.receiptSchema.safeParse(params) : undefined;
      if (receipt?.success) writer.settle(receipt.data);
    },
  });

  const read = async <T>(schema: z.ZodType<T>, method: string, ...params: readonly unknown[]): Promise<T> => {
    try {
      return schema.parse(await socket.request(method, params));
    } catch (error) {
      throw asReadError(error, endpoint);
    }
  };
  const nextNonce = (account: string) => read(z.int(), "account_nonce", account);
  const heads = new HeadStream((from, count) => read(z.array(wire.headSchema), "chain_heads", from, count), log);
  const writer = new ExtrinsicWriter({
    genesisHash: () => genesisHash!,
    nextNonce,
    send: (extrinsic, again) => socket.request("author_submit", [extrinsic], !again),
    headNumber: () => heads.last?.number ?? 0,
  });

  const onAbort = () => void end(closed());
  const timer = setTimeout(() => {
    void end(unreachable(endpoint, socket.lastReason, "start it with `blockzero devchain`, or correct the endpoint"));
  }, timeoutMs);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await firstContact;
  } catch (error) {
    signal?.removeEventListener("abort", onAbort);
    throw error;
  } finally {
    clearTimeout(timer);
  }

  return {
    genesisHash: genesisHash!,
    head: () => read(wire.headSchema, "chain_head"),
    finalized: () => read(wire.headSchema, "chain_finalized"),
    blockHash: (block) => read(z.string(), "chain_hash", block),
    onHead: (callback, until) => heads.listen(callback, until),
    metagraph: (netuid, at) => read(wire.metagraphSchema, "subnet_metagraph", ...atBlock(netuid, at)),
    hyperParameters: (netuid, at) =>
      read(wire.hyperParametersReplySchema, "subnet_hyperParameters", ...atBlock(netuid, at)),
    commitments: (netuid, at) => read(wire.commitmentsSchema, "subnet_commitments", ...atBlock(netuid, at)),
    weights: (netuid, at) => read(wire.weightsSchema, "subnet_weights", ...atBlock(netuid, at)),
    pendingWeights: (netuid, hotkey) => read(wire.pendingWeightsSchema, "subnet_pendingWeights", netuid, hotkey),
    commitmentSpace: (netuid, hotkey) => read(wire.commitmentSpaceSchema, "subnet_commitmentSpace", netuid, hotkey),
    nextEpoch: (netuid) => read(z.int(), "subnet_nextEpoch", netuid),
    balance: (account) => read(wire.balanceSchema, "account_balance", account),
    prepare: async (call, signer) => {
      const extrinsic = signExtrinsic(genesisHash!, await nextNonce(signer.address), encodeCall(call), signer);
      const bytes = JSON.stringify(extrinsic);
      return { call, signer: signer.address, nonce: extrinsic.nonce, bytes, hash: extrinsicHash(extrinsic) };
    },
    submit: async (call, signer) => writer.write(encodeCall(call), signer),
    newBlocks: async (count) => {
      let head: Head | undefined;
      for (let left = count; left > 0; left -= BLOCKS_AT_ONCE) {
        const built = socket.request("dev_newBlocks", [Math.min(left, BLOCKS_AT_ONCE)], false);
        head = wire.headSchema.parse(
          await built.catch((error: unknown) => {
            throw asReadError(error, endpoint);
          }),
        );
      }
      return head ?? read(wire.headSchema, "chain_head");
    },
    setBlockTime: async (ms) => void (await read(z.literal(true), "dev_setBlockTime", ms)),
    nonce: nextNonce,
    sudo: async (calls, signer) => writer.write(checkedCall({ name: "sudo", args: { calls } }), signer),
    close: async () => {
      signal?.removeEventListener("abort", onAbort);
      await end(closed());
    },
  };
};

/** Amounts travel as decimal digits. */
const encodeCall = ({ name, args }: ChainCall): Call =>
  checkedCall({ name, args: "amount" in args ? { ...args, amount: String(args.amount) } : args });

const checkedCall = (call: unknown): Call => {
  const parsed = callSchema.safeParse(call);
  if (!parsed.success) throw new ChainRejected("Malformed", z.prettifyError(parsed.error).slice(0, 500));
  return parsed.data;
};

const atBlock = (netuid: number, at: number | undefined): readonly number[] =>
  at === undefined ? [netuid] : [netuid, at];

const asReadError = (error: unknown, endpoint: string): unknown => {
  if (error instanceof z.ZodError)
    return unreachable(endpoint, z.prettifyError(error), "its version differs from ours");
  if (!(error instanceof RpcError)) return error;
  const { reason = `code ${error.code}`, message } = error;
  const hint = readHints[reason];
  return hint ? new BlockZeroError(reason, message, hint) : new ChainRejected(reason, message);
};

/** The faults of a read that carry a code of their own. */
const readHints: Readonly<Record<string, string>> = {
  STATE_DISCARDED: "ask for a later block, or run a node that keeps more",
  BLOCK_UNKNOWN: "wait until it is built",
};

const unreachable = (endpoint: string, reason: string, hint: string): BlockZeroError =>
  new BlockZeroError("CHAIN_UNREACHABLE", `no chain at ${endpoint}: ${reason}`, hint);
const wasReset = (endpoint: string): BlockZeroError =>
  new BlockZeroError(
    "CHAIN_RESET",
    `${endpoint} serves another chain than before`,
    "start again against the new chain",
  );
const closed = (): BlockZeroError =>
  new BlockZeroError("CHAIN_CLOSED", "the chain was closed", "connect again to go on");
