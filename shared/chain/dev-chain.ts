import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { type Log, silentLog } from "#shared/telemetry/log.js";
import type { ChainCall } from "./call.js";
import type { Chain, Head, Inclusion, Signer } from "./chain.js";
import { ChainRejected } from "./chain-rejected.js";
import { type Call, callSchema, type SudoCallSpec } from "./devchain/calls.js";
import { type Clock, systemClock } from "./devchain/clock.js";
import { extrinsicHash, signExtrinsic } from "./devchain/extrinsic.js";
import * as wire from "./devchain/wire.js";
import type { EndpointRotation } from "./endpoint-rotation.js";
import type { Reception, Settlement, SignedExtrinsic } from "./extrinsic.js";
import { ExtrinsicWriter } from "./extrinsic-writer.js";
import { HeadStream } from "./head-stream.js";
import { type KeyClaims, openKeyClaims } from "./key-claim.js";
import { type Ask, RpcError, RpcSocket } from "./rpc-socket.js";
import { isStale, STALE_HEAD_MS, watchHeads } from "./stale-head.js";

export interface ConnectOptions {
  /** Where nodes of one chain are, e.g. `ws://127.0.0.1:9944`; the first that answers is used until it fails. */
  readonly endpoint: string | readonly string[];
  readonly log?: Log | undefined;
  /** Aborting it closes the chain. */
  readonly signal?: AbortSignal | undefined;
  /** For the first connection only; later outages are waited out. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** Told once when the chain is lost for good after the first contact: another chain answers at the endpoint, say. */
  readonly onLost?: ((error: BlockZeroError) => void) | undefined;
  /** Where processes of this machine agree who writes with a key, and what a crash left open. Unset: nowhere. */
  readonly keyFolder?: string | undefined;
  /** Longest wait for another process that writes with the same key. Default 60,000. */
  readonly keyWaitMs?: number | undefined;
  /** Blocks on top of the one that holds a write before it is reported. Default 0. */
  readonly confirmations?: number | undefined;
  /** Age of the newest block at which another endpoint is tried. Default two minutes. */
  readonly staleMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1); for the jitter of reconnection. */
  readonly random?: (() => number) | undefined;
}

/** A devchain: what every chain does, and what only a chain of one's own can be asked. */
export interface DevChain extends Chain {
  /** Builds blocks at once; what waits goes into the first. */
  newBlocks(count: number): Promise<Head>;
  /** Undoes the newest block, as a fork does: what it held waits again or, without `keep`, is lost. */
  undoBlock(keep: boolean): Promise<Head>;
  /** Milliseconds between blocks; 0: only on `newBlocks`. */
  setBlockTime(ms: number): Promise<void>;
  /** The account's next nonce, after what waits. */
  nonce(account: string): Promise<number>;
  /** All of the calls or none, signed by the chain's sudo key. */
  sudo(calls: readonly SudoCallSpec[], signer: Signer): Promise<Inclusion>;
}

const BLOCKS_AT_ONCE = 1024;
/** After so many blocks a node may have forgotten what became of an extrinsic. */
const MEMORY_BLOCKS = 4096;

/** Connects to a devchain. Throws `BlockZeroError` CHAIN_UNREACHABLE, NOT_A_DEVCHAIN, WRONG_NETWORK. */
export const connectDevChain = async (options: ConnectOptions): Promise<DevChain> => {
  const { log = silentLog, signal, timeoutMs = 5000, clock = systemClock, staleMs = STALE_HEAD_MS } = options;
  const endpoints = typeof options.endpoint === "string" ? [options.endpoint] : options.endpoint;
  let genesisHash: string | undefined;
  let claims: KeyClaims | undefined;
  let greeted = () => {};
  let refused = (_: BlockZeroError) => {};
  const firstContact = new Promise<void>((resolve, reject) => {
    greeted = resolve;
    refused = reject;
  });

  const end = async (error: BlockZeroError) => {
    refused(error);
    if (genesisHash !== undefined && error.code !== "CHAIN_CLOSED") options.onLost?.(error);
    watch.stop();
    writer.fail(error);
    await socket.fail(error);
  };

  const greet = async (ask: Ask, rotation: EndpointRotation) => {
    const endpoint = rotation.current;
    const subscription = wire.subscriptionSchema.safeParse(
      await ask("chain_subscribe", []).catch((error: unknown) => {
        throw error instanceof RpcError ? notADevchain(endpoint, reasonOf(error)) : error;
      }),
    );
    if (!subscription.success) throw notADevchain(endpoint, z.prettifyError(subscription.error));
    const { genesis, head } = subscription.data;
    if (genesisHash !== undefined && genesis !== genesisHash)
      throw rotation.hasOthers ? wrongNetwork(endpoint, genesis, genesisHash) : wasReset(endpoint);
    if (rotation.hasOthers && !rotation.isDesperate && isStale(head, clock.now(), staleMs))
      throw isBehind(endpoint, head);
    const pages = async (from: number, count: number) =>
      z.array(wire.headSchema).parse(await ask("chain_heads", [from, count]));
    if (!(await heads.join(head, pages))) throw rotation.hasOthers ? isBehind(endpoint, head) : wasReset(endpoint);
    genesisHash = genesis;
    heads.heard(head);
  };

  const socket = new RpcSocket({
    endpoints,
    log,
    greet,
    onReady: () => {
      watch.restart();
      greeted();
      writer.reconnected();
    },
    onNotification: (method, params) => {
      const parsed = method === "head" ? wire.headSchema.safeParse(params) : undefined;
      if (parsed?.success) {
        watch.restart();
        heads.heard(parsed.data);
      }
      const receipt = method === "extrinsic" ? wire.receiptSchema.safeParse(params) : undefined;
      if (receipt?.success) writer.settle(settlementOf(receipt.data));
    },
    onEnd: (error) => void end(error),
    clock,
    random: options.random,
  });
  const watch = watchHeads(clock, staleMs, () => socket.rotate(`no new block for ${staleMs / 1000} s`));

  const read = async <T>(schema: z.ZodType<T>, method: string, ...params: readonly unknown[]): Promise<T> => {
    try {
      return schema.parse(await socket.request(method, params));
    } catch (error) {
      throw asReadError(error, socket.endpoint);
    }
  };
  const nextNonce = (account: string) => read(z.int(), "account_nonce", account);
  const sign = (call: Call, nonce: number, signer: Signer): SignedExtrinsic => {
    const extrinsic = signExtrinsic(genesisHash!, nonce, call, signer);
    return { bytes: JSON.stringify(extrinsic), hash: extrinsicHash(extrinsic), nonce };
  };
  const heads = new HeadStream(
    (from, count) => read(z.array(wire.headSchema), "chain_heads", from, count),
    log,
    (fork) => writer.reorganised(fork),
  );
  const writer = new ExtrinsicWriter<Call>({
    chain: {
      sign,
      textOf: (call) => JSON.stringify(call),
      nextNonce,
      send: (extrinsic) => submitTo(socket, extrinsic),
      // A node tells of what it holds when it is sent again; where it does not, it has forgotten or never had it.
      find: async (extrinsic, since) => {
        if ((heads.last?.number ?? 0) - since < MEMORY_BLOCKS) return undefined;
        throw outcomeUnknown(extrinsic, since);
      },
      headNumber: () => heads.last?.number ?? 0,
    },
    confirmations: options.confirmations ?? 0,
    claims: options.keyFolder === undefined ? undefined : { claim: (...key) => claims!.claim(...key) },
    log,
    onOverdue: () => socket.rotate("it does not include what it accepts"),
  });
  const listening = new AbortController();
  heads.listen(() => writer.newHead(), listening.signal);

  const onAbort = () => void end(closed());
  const cancelTimeout = clock.after(timeoutMs, () => {
    void end(
      unreachable(socket.endpoint, socket.lastReason, "start it with `blockzero devchain`, or correct the endpoint"),
    );
  });
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await firstContact;
  } catch (error) {
    signal?.removeEventListener("abort", onAbort);
    throw error;
  } finally {
    cancelTimeout();
  }
  if (options.keyFolder !== undefined)
    claims = openKeyClaims({
      folder: options.keyFolder,
      genesisHash: genesisHash!,
      clock,
      waitMs: options.keyWaitMs,
    });

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
      const { bytes, hash, nonce } = sign(encodeCall(call), await nextNonce(signer.address), signer);
      return { call, signer: signer.address, nonce, bytes, hash };
    },
    submit: async (call, signer) => writer.write(encodeCall(call), signer),
    newBlocks: async (count) => {
      let head: Head | undefined;
      for (let left = count; left > 0; left -= BLOCKS_AT_ONCE) {
        const built = socket.request("dev_newBlocks", [Math.min(left, BLOCKS_AT_ONCE)], false);
        head = wire.headSchema.parse(
          await built.catch((error: unknown) => {
            throw asReadError(error, socket.endpoint);
          }),
        );
      }
      return head ?? read(wire.headSchema, "chain_head");
    },
    undoBlock: async (keep) => {
      const undone = socket.request("dev_undoBlock", [keep], false);
      return wire.headSchema.parse(
        await undone.catch((error: unknown) => {
          throw asReadError(error, socket.endpoint);
        }),
      );
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

/** Refusals that time cures. */
const PASSING = new Set(["Future", "PoolFull", "TooManyPending"]);

const submitTo = async (socket: RpcSocket, extrinsic: SignedExtrinsic): Promise<Reception> => {
  try {
    const submission = await socket.request("author_submit", [JSON.parse(extrinsic.bytes)], false);
    const parsed = wire.submissionSchema.parse(submission);
    return parsed.status === "pool" ? parsed : { status: "included", ...settlementOf(parsed) };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const { reason = `code ${error.code}`, message } = error;
    if (PASSING.has(reason)) return { status: "later" };
    if (reason === "Stale") return { status: "dead" };
    return { status: "refused", error: new ChainRejected(reason, message) };
  }
};

const settlementOf = ({ hash, block, blockHash, error }: wire.WireReceipt): Settlement => ({
  hash,
  block,
  blockHash,
  error: error && new ChainRejected(error.reason, error.message),
});

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
const notADevchain = (endpoint: string, reason: string): BlockZeroError =>
  new BlockZeroError(
    "NOT_A_DEVCHAIN",
    `${endpoint} does not speak as a devchain: ${reason.slice(0, 200)}`,
    "start one with `blockzero devchain`, or correct the endpoint",
  );
const wrongNetwork = (endpoint: string, genesis: string, ours: string): BlockZeroError =>
  new BlockZeroError(
    "WRONG_NETWORK",
    `${endpoint} serves the chain ${genesis.slice(0, 16)}, not ${ours.slice(0, 16)}`,
    "take it out of chain_endpoint",
  );
const isBehind = (endpoint: string, head: Head): BlockZeroError =>
  new BlockZeroError("CHAIN_BEHIND", `${endpoint} is behind: its head is block ${head.number}`, "let it catch up");
const outcomeUnknown = ({ hash, nonce }: SignedExtrinsic, since: number): BlockZeroError =>
  new BlockZeroError(
    "CHAIN_OUTCOME_UNKNOWN",
    `the fate of extrinsic ${hash.slice(0, 16)} with nonce ${nonce}, signed at block ${since}, is forgotten`,
    "look at the chain's state before writing it again",
  );
const wasReset = (endpoint: string): BlockZeroError =>
  new BlockZeroError(
    "CHAIN_RESET",
    `${endpoint} serves another chain than before`,
    "start again against the new chain",
  );
const closed = (): BlockZeroError =>
  new BlockZeroError("CHAIN_CLOSED", "the chain was closed", "connect again to go on");
