import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import { silentLog } from "#shared/telemetry/log.js";
import type { Chain, Head, Inclusion } from "../chain.js";
import type { ConnectOptions } from "../connection/connect-options.js";
import { closed, openConnection } from "../connection/connection.js";
import { type Beacon, beaconSchema } from "../timelock/beacon.js";
import { ExtrinsicWriter } from "../writer/extrinsic-writer.js";
import { openKeyClaims } from "../writer/key-lock.js";
import { observeWriter } from "../writer/observe-writer.js";
import { tellTaken } from "../writer/tell-taken.js";
import type { Call, SudoCallSpec } from "./calls.js";
import { asReadError, devChainReader } from "./reading.js";
import * as wire from "./wire.js";
import { checkedCall, encodeCall, settlementOf, writableDevChain } from "./writing.js";

/** A devchain: what every chain does, and what only a chain under one's own control can do. */
export interface DevchainClient extends Chain {
  /** Builds blocks at once. Waiting extrinsics go into the first. */
  newBlocks(count: number): Promise<Head>;
  /** Reverts the newest block, as a fork does. Its extrinsics wait again or, without `keep`, are lost. */
  undoBlock(keep: boolean): Promise<Head>;
  /** Milliseconds between blocks. 0: blocks only on `newBlocks`. */
  setBlockTime(ms: number): Promise<void>;
  /** The account's next nonce, counting its waiting extrinsics. */
  nonce(account: string): Promise<number>;
  /** The beacon that the chain simulates. Null if it simulates none. */
  beacon(): Promise<Beacon | null>;
  /** All of the calls or none, signed by the chain's sudo key. */
  sudo(calls: readonly SudoCallSpec[], signer: Signer): Promise<Inclusion>;
}

const BLOCKS_AT_ONCE = 1024;

/** Connects to a devchain. Throws `BlockZeroError` CHAIN_UNREACHABLE, NOT_A_DEVCHAIN, WRONG_NETWORK. */
export const connectDevchain = async (options: ConnectOptions): Promise<DevchainClient> => {
  const { log = silentLog } = options;
  let isOpen = false;
  let writer: ExtrinsicWriter<Call> | undefined;
  const listening = new AbortController();
  const line = await openConnection({
    ...options,
    log,
    greet: async (ask) => wire.subscriptionSchema.parse(await ask("chain_subscribe", [])),
    headsFrom: async (ask, from, count) => wire.headsSchema(from, count).parse(await ask("chain_heads", [from, count])),
    onNotification: (method, params, listener) => {
      const parsed = method === "head" ? wire.headSchema.safeParse(params) : undefined;
      if (parsed?.success) listener.heard(parsed.data);
      const receipt = method === "extrinsic" ? wire.receiptSchema.safeParse(params) : undefined;
      if (receipt?.success) writer?.settle(settlementOf(receipt.data));
    },
    onFork: (fork) => writer?.reorganised(fork),
    onReady: () => writer?.reconnected(),
    onEnd: (error) => {
      if (isOpen && error.code !== "CHAIN_CLOSED") options.onLost?.(error);
      listening.abort();
      writer?.fail(error);
    },
    stranger: notADevchain,
    unreachableHint: "start it with `blockzero devchain`, or correct the endpoint",
  });
  isOpen = true;

  const { genesisHash, heads } = line;
  const read = devChainReader(line);
  const nextNonce = (account: string) => read(z.int(), "account_nonce", account);
  const chain = writableDevChain({ line, nextNonce });
  const onTaken = tellTaken(log, options.instruments);
  writer = new ExtrinsicWriter<Call>({
    chain,
    confirmations: options.confirmations ?? 0,
    claims:
      options.keyFolder === undefined
        ? undefined
        : openKeyClaims({ folder: options.keyFolder, genesisHash, clock: options.clock, waitMs: options.keyWaitMs }),
    log,
    onTaken: ({ name }, address) => onTaken(name, address),
    onOverdue: () => line.rotate("it does not include what it accepts"),
  });
  observeWriter(writer, options.instruments, listening.signal);
  const write = (call: Call, signer: Signer) => writer!.write(call, signer);
  heads.listen(() => writer!.newHead(), listening.signal);

  /** For requests that must not be repeated. */
  const order = async (method: string, param: number | boolean): Promise<Head> =>
    wire.headSchema.parse(
      await line.request(method, [param], false).catch((error: unknown) => {
        throw asReadError(error, line.endpoint);
      }),
    );

  return {
    genesisHash,
    head: () => read(wire.headSchema, "chain_head"),
    finalized: () => read(wire.headSchema, "chain_finalized"),
    blockHash: (block) => read(wire.hashSchema, "chain_hash", block),
    timestamp: (block) => read(z.int().min(0), "chain_timestamp", block),
    pulse: async (round, at) => {
      const signature = await read(wire.signatureSchema.nullable(), "drand_pulse", ...atBlock(round, at));
      return signature === null ? null : Buffer.from(signature, "hex");
    },
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
      const { bytes, hash, nonce } = await chain.sign(encodeCall(call), await nextNonce(signer.address), signer);
      return { call, signer: signer.address, nonce, bytes, hash };
    },
    submit: async (call, signer) => write(encodeCall(call), signer),
    newBlocks: async (count) => {
      let head: Head | undefined;
      for (let left = count; left > 0; left -= BLOCKS_AT_ONCE)
        head = await order("dev_newBlocks", Math.min(left, BLOCKS_AT_ONCE));
      return head ?? read(wire.headSchema, "chain_head");
    },
    undoBlock: (keep) => order("dev_undoBlock", keep),
    setBlockTime: async (ms) => void (await read(z.literal(true), "dev_setBlockTime", ms)),
    nonce: nextNonce,
    beacon: () => read(beaconSchema.nullable(), "drand_beacon"),
    sudo: async (calls, signer) => write(checkedCall({ name: "sudo", args: { calls } }), signer),
    close: () => line.end(closed()),
  };
};

const atBlock = (what: number, at: number | undefined): readonly number[] => (at === undefined ? [what] : [what, at]);

const notADevchain = (endpoint: string, thrown: Error): BlockZeroError => {
  const reason = thrown instanceof z.ZodError ? z.prettifyError(thrown) : reasonOf(thrown);
  return new BlockZeroError(
    "NOT_A_DEVCHAIN",
    `${endpoint} does not speak as a devchain: ${reason.slice(0, 200)}`,
    "start one with `blockzero devchain`, or correct the endpoint; docs/subtensor.md says what does the same on subtensor",
    { cause: thrown },
  );
};
