import type { ApiPromise } from "@polkadot/api";
import type { SubmittableExtrinsic } from "@polkadot/api/types";
import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import { type Log, silentLog } from "#shared/telemetry/log.js";
import type { ChainCall } from "../call.js";
import type { Chain, Head, Inclusion } from "../chain.js";
import type { ConnectOptions } from "../connection/connect-options.js";
import { closed } from "../connection/connection.js";
import { MAX_CATCH_UP } from "../connection/head-stream.js";
import { ExtrinsicWriter } from "../writer/extrinsic-writer.js";
import { type KeyClaims, openKeyClaims } from "../writer/key-lock.js";
import { observeWriter } from "../writer/observe-writer.js";
import { tellTaken } from "../writer/tell-taken.js";
import { runtimeTraits } from "./calls.js";
import { amount } from "./codecs.js";
import { readCommitmentSpace, readCommitments } from "./commitments.js";
import { readEpochClock } from "./epochs.js";
import { blockUnknown, readFault } from "./faults.js";
import { readHyperParameters } from "./hyper-parameters.js";
import { settlementsIn } from "./inclusion.js";
import { type Link, openLink } from "./link.js";
import { readMetagraph } from "./metagraph.js";
import { linkProvider, type ProviderOptions } from "./provider.js";
import { readPulse } from "./pulses.js";
import { runtimeReader } from "./runtimes.js";
import { SIGNED_EXTENSIONS } from "./signed-extensions.js";
import { type State, stateReader } from "./state.js";
import { bare, type Hex, hashSchema, headAt, newestHead, prefixed, timestampAt } from "./substrate.js";
import { readPendingWeights, readWeights } from "./weights.js";
import { type Written, writableSubtensor } from "./writing.js";

/** Subtensor: what every chain does, and what only its runtime offers. */
export interface SubtensorChain extends Chain {
  readonly api: ApiPromise;
  readonly link: Link;
  /** Reads the newest state. */
  read<T>(read: (state: State) => Promise<T>): Promise<T>;
  /** Sends any extrinsic of the runtime. Also rejects if a call within `sudo` fails. */
  write(extrinsic: SubmittableExtrinsic<"promise">, signer: Signer): Promise<Inclusion>;
}

const PALLET = "subtensorModule";

/**
 * Connects to subtensor nodes through `@polkadot/api`, which is loaded here. Throws `BlockZeroError` CHAIN_UNREACHABLE,
 * NOT_A_SUBSTRATE_NODE, NOT_SUBTENSOR, WRONG_NETWORK.
 */
export const connectSubtensor = async (options: ConnectOptions): Promise<SubtensorChain> => {
  const { log = silentLog } = options;
  let isOpen = false;
  let writer: ExtrinsicWriter<Written> | undefined;
  const listening = new AbortController();
  const link = await openLink({
    ...options,
    log,
    onFork: (fork) => writer?.reorganised(fork),
    onReconnected: () => writer?.reconnected(),
    onEnd: (error) => {
      if (isOpen && error.code !== "CHAIN_CLOSED") options.onLost?.(error);
      listening.abort();
      writer?.fail(error);
    },
  });
  const api = await openApi(link, { isOpen: () => isOpen, log });
  isOpen = true;

  let claims: KeyClaims | undefined;
  if (options.keyFolder !== undefined)
    claims = openKeyClaims({
      folder: options.keyFolder,
      genesisHash: link.genesisHash,
      clock: options.clock,
      waitMs: options.keyWaitMs,
    });
  const traits = () => runtimeTraits(api);
  let inspected = link.heads.last!.number;
  const runtimeAt = runtimeReader(link, api);
  const chain = writableSubtensor({ link, api, runtimeAt, traits, headNumber: () => inspected });
  const onTaken = tellTaken(log, options.instruments);
  writer = new ExtrinsicWriter<Written>({
    chain,
    confirmations: options.confirmations ?? 0,
    claims,
    log,
    onTaken: (written, address) => onTaken("method" in written ? written.method.method : written.name, address),
    onOverdue: () => link.rotate("it does not include what it accepts"),
  });
  observeWriter(writer, options.instruments, listening.signal);
  followBlocks(
    link,
    async ({ number, hash }) => {
      const wanted = writer!.unsettled;
      const block = { number, hash: prefixed(hash) };
      const found = wanted.size > 0 ? await settlementsIn(link, runtimeAt, block, wanted) : [];
      for (const settlement of found ?? []) writer!.settle(settlement);
    },
    (number) => {
      inspected = number;
      writer!.newHead();
    },
    log,
    listening.signal,
  );

  const states = stateReader(link, api, runtimeAt);
  const hashesAt = async (blocks: readonly number[]): Promise<readonly Hex[]> => {
    const hashes = z.array(hashSchema.nullable()).parse(await link.request("chain_getBlockHash", [blocks]));
    return blocks.map((block, i) => {
      const hash = hashes[i];
      if (hash) return hash;
      throw blockUnknown(block);
    });
  };
  const reading = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (thrown) {
      throw readFault(thrown, link.endpoint);
    }
  };
  const inState = <T>(at: number | undefined, read: (state: State, block: number) => Promise<T>): Promise<T> =>
    reading(async () => {
      if (at === undefined) {
        const state = states.newest();
        return read(state, state.block);
      }
      const [hash, parent] = await hashesAt([at, Math.max(0, at - 1)]);
      return read(await states.at(hash!, parent!), at);
    });

  return {
    api,
    link,
    read: (read) => inState(undefined, read),
    genesisHash: link.genesisHash,
    head: () => reading(async () => (await newestHead(link.request)).head),
    finalized: () =>
      reading(async () => {
        const hash = hashSchema.parse(await link.request("chain_getFinalizedHead", []));
        const header = z.object({ number: amount }).parse(await link.request("chain_getHeader", [hash]));
        return headAt(link.request, Number(header.number), hash);
      }),
    blockHash: (block) => reading(async () => bare((await hashesAt([block]))[0]!)),
    timestamp: (block) => reading(async () => timestampAt(link.request, (await hashesAt([block]))[0]!)),
    pulse: (round, at) => inState(at, (state) => readPulse(state, round)),
    onHead: (callback, until) => link.heads.listen(callback, until),
    metagraph: (netuid, at) => inState(at, (state) => readMetagraph(state, netuid)),
    hyperParameters: (netuid, at) => inState(at, (state) => readHyperParameters(state, netuid, traits())),
    commitments: (netuid, at) => inState(at, (state) => readCommitments(state, netuid)),
    weights: (netuid, at) => inState(at, (state) => readWeights(state, netuid)),
    pendingWeights: (netuid, hotkey) =>
      inState(undefined, (state, block) => readPendingWeights(state, netuid, hotkey, block)),
    commitmentSpace: (netuid, hotkey) =>
      inState(undefined, (state, block) => readCommitmentSpace(state, netuid, hotkey, block)),
    nextEpoch: (netuid) =>
      inState(undefined, async (state, block) => (await readEpochClock(state, netuid, block)).next),
    balance: (account) =>
      inState(undefined, async (state) => {
        const [found] = await state.items([["system", "account", account]]);
        return z.object({ data: z.object({ free: amount }) }).parse(found).data.free;
      }),
    prepare: async (call: ChainCall, signer: Signer) => {
      const signed = await chain.sign(call, await chain.nextNonce(signer.address), signer);
      return { call, signer: signer.address, nonce: signed.nonce, bytes: signed.bytes, hash: signed.hash };
    },
    write: (extrinsic, signer) => writer!.write(extrinsic, signer),
    submit: (call: ChainCall, signer: Signer): Promise<Inclusion> => writer!.write(call, signer),
    close: async () => {
      await link.end(closed());
      await api.disconnect();
    },
  };
};

/** Reads each new block once, one after the other. */
const followBlocks = (
  link: Link,
  inspect: (head: Head) => Promise<void>,
  inspected: (block: number) => void,
  log: Log,
  until: AbortSignal,
): void => {
  let turn: Promise<void> = Promise.resolve();
  let waiting = 0;
  const look = async (head: Head) => {
    await inspect(head).catch((error: unknown) => {
      // A missed extrinsic is sent again when it is overdue, and then searched for.
      log.debug("a block could not be looked at", { block: head.number, reason: String(error) });
    });
    inspected(head.number);
  };
  link.heads.listen((head) => {
    // What is in a block that is passed over is searched for when it is overdue.
    if (waiting >= MAX_CATCH_UP) return;
    waiting++;
    turn = turn
      .then(() => look(head))
      .finally(() => {
        waiting--;
      });
  }, until);
};

const openApi = async (link: Link, options: ProviderOptions): Promise<ApiPromise> => {
  const { ApiPromise } = await import("@polkadot/api");
  try {
    const provider = linkProvider(link, options);
    const api = new ApiPromise({ provider, noInitWarn: true, signedExtensions: SIGNED_EXTENSIONS });
    await api.isReadyOrError;
    if (api.query[PALLET] && api.tx[PALLET]) return api;
    const chain = api.runtimeVersion.specName.toString();
    throw new BlockZeroError(
      "NOT_SUBTENSOR",
      `${link.endpoint} serves ${JSON.stringify(chain)}, which has no SubtensorModule`,
      "give the endpoint of a Bittensor chain: finney, test, or a node of your own",
    );
  } catch (thrown) {
    const error = readFault(thrown, link.endpoint);
    await link.end(error instanceof BlockZeroError ? error : closed());
    throw error;
  }
};
