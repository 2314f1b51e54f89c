import type { Chain } from "#shared/chain/chain.js";
import { MAX_FORK } from "#shared/chain/connection/head-stream.js";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import type { BlobRef, ModelManifest } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { lastModelBlock, modelOutcome } from "#shared/replay/agreed-outcome.js";
import { modelNamed } from "#shared/replay/base-model-hash.js";
import { newestRecords, type SaidByNewest } from "#shared/replay/newest-records.js";
import type { FileRequest } from "#shared/replay/source.js";
import { formerOf } from "#shared/replay/succession.js";
import { readModelManifest } from "#shared/replay/whole-model.js";
import { keepNewest } from "#shared/util/keep-newest.js";
import type { BlockClock } from "../block-clock.js";
import type { Blobs } from "../files/blobs.js";
import { rankServers, readServers, type ServerState, trustedServers } from "../files/subnet-servers.js";
import { untilBlock } from "../until-block.js";
import { type SettledBase, type SettledBases, settledBases } from "./settled-bases.js";

export interface AgreedModels {
  /**
   * Hash of the model that `cycle` starts from: the newest that validators with more than half of the stake committed. Reads the state at
   * the end of the cycle's distribute phase, or the newest state before that. What was settled then is remembered; for a cycle that was
   * not, and whose state the chain no longer has, the newest records must say it.
   *
   * @throws BlockZeroError BASE_UNKNOWN where they do not
   */
  baseOf(cycle: number): Promise<string>;
  /**
   * The block in whose state it is decided which model `cycle` starts from. The file in force in the cycle before says it, which may have other
   * phases.
   *
   * @throws what fetching that file throws
   */
  decidedAt(cycle: number): Promise<number>;
  /** Hash agreed so far for `cycle`'s own merge, or null. @throws BlockZeroError BASE_UNKNOWN */
  outcomeOf(cycle: number): Promise<string | null>;
  /** Blob servers to ask for a file, in this order: see `rankServers`. */
  servers(hash?: string): Promise<readonly string[]>;
  /** Those of validators and the owner alone. */
  trusted(): Promise<readonly string[]>;
  manifest(hash: string, signal: AbortSignal): Promise<ModelManifest>;
  /** A blob of a part that a manifest names. Close it. */
  open(blob: BlobRef, signal: AbortSignal): Promise<ByteSource>;
  /** The path of such a blob, verified, for a reader that maps files. It stays as long as a blob that was used now. */
  locate(blob: BlobRef, signal: AbortSignal): Promise<string>;
}

export interface AgreedModelsContext {
  readonly chain: Chain;
  readonly clock: BlockClock;
  readonly network: Network;
  readonly networkHash: string;
  readonly blobs: Blobs;
  readonly signal: AbortSignal;
  /** Where it is kept what was settled. Unset: in memory. */
  readonly settled?: SettledBases;
}

/** Blocks to wait for a manifest before it counts as unavailable. */
const MANIFEST_BLOCKS = 2;

/** Models whose manifest was looked at that are remembered. */
const MAX_CHECKED = 64;

/** The first block at which no fork changes any more which model a cycle starts from. */
export const settledFrom = (cycle: number, network: Pick<Network, "phases">): number =>
  lastModelBlock(cycle - 1, network) + MAX_FORK;

/** Follows what the validators agree on, from chain state alone. Files come from any server that has them. */
export const followModels = ({ settled = settledBases(), ...context }: AgreedModelsContext): AgreedModels =>
  follow({ ...context, settled, later: [] });

interface Following extends AgreedModelsContext {
  readonly settled: SettledBases;
  /** Hashes of the network files that succeed this one. */
  readonly later: readonly string[];
}

const follow = (context: Following): AgreedModels => {
  const { chain, clock, network, networkHash, blobs, settled, later } = context;

  let former: Promise<AgreedModels | null> | null = null;
  /** The models agreed under the network that this one succeeds. */
  const formerly = (): Promise<AgreedModels | null> => {
    const source = { network, networkHash, fetch: (file: FileRequest) => blobs.get(networkFile(file)) };
    const asked =
      former ??
      formerOf(source).then((before) => before && follow({ ...context, ...before, later: [...later, networkHash] }));
    former = asked;
    // A later request may succeed.
    asked.catch(() => {
      former = null;
    });
    return asked;
  };

  const decidedAt = async (cycle: number): Promise<number> => {
    const before = cycle > network.first_cycle ? null : await formerly();
    return before === null ? lastModelBlock(cycle - 1, network) : before.decidedAt(cycle);
  };

  const checked = new Map<string, boolean>();
  /** Whether what a majority named for a cycle is a model. True as well where nobody has it: then nobody can start from another one. */
  const isModel = async (cycle: number, hash: string): Promise<boolean> => {
    const known = checked.get(`${cycle}/${hash}`);
    if (known !== undefined) return known;
    const deadline = clock.head.number + MANIFEST_BLOCKS;
    const named = await untilBlock(clock, deadline, context.signal, (until) =>
      modelNamed((hash) => manifest(hash, until), context, { cycle, hash }).catch((thrown: unknown) => {
        context.signal.throwIfAborted();
        if (until.aborted) return "unknown" as const;
        throw thrown;
      }),
    );
    if (named !== "unknown") {
      checked.set(`${cycle}/${hash}`, named === "one");
      keepNewest(checked, MAX_CHECKED);
    }
    return named !== "none";
  };

  /** What the newest records say. They say nothing of a cycle that is decided by a newer state: then the endpoint lags behind. */
  const askNewest = async (): Promise<(cycle: number) => SaidByNewest> => {
    const metagraph = await chain.metagraph(network.netuid);
    const commitments = await chain.commitments(network.netuid, metagraph.block);
    const say = newestRecords({ metagraph, commitments }, context, later);
    return (cycle) => (metagraph.block > lastModelBlock(cycle, network) ? say(cycle) : null);
  };

  /**
   * What validators with more than half of the stake named for a cycle, at the block that decides, or so far. Asked of one cycle after
   * another, each older than the one before: where a state is gone, older ones are too.
   */
  const openNamed = (): ((cycle: number) => Promise<string | null>) => {
    let newest: ((cycle: number) => SaidByNewest) | null = null;
    return async (cycle) => {
      if (newest === null) {
        try {
          const at = Math.min(lastModelBlock(cycle, network), clock.head.number);
          return (await modelOutcome(context, cycle, at)).agreed;
        } catch (thrown) {
          if (!hasCode(thrown, "STATE_DISCARDED")) throw thrown;
          newest = await askNewest();
        }
      }
      const said = newest(cycle);
      if (said === null) throw baseUnknown(cycle);
      return said.agreed;
    };
  };

  const outcomeOf = async (cycle: number): Promise<string | null> => {
    if (cycle < network.first_cycle) return (await (await formerly())?.outcomeOf(cycle)) ?? null;
    const next = settled.get(cycle + 1, networkHash);
    if (next !== undefined && next.of !== cycle) return null;
    const hash = next?.model ?? (await openNamed()(cycle));
    return hash !== null && (await isModel(cycle, hash)) ? hash : null;
  };

  const findBase = async (cycle: number): Promise<SettledBase> => {
    const named = openNamed();
    let next = cycle;
    while (next > network.first_cycle) {
      const known = settled.get(next, networkHash);
      if (known?.of === null) return known;
      const of = known?.of ?? next - 1;
      const model = known?.model ?? (await named(of));
      if (model !== null && (await isModel(of, model))) return { of, model };
      next = of;
    }
    return { of: null, model: await inherited(Math.min(cycle, network.first_cycle)) };
  };

  /** Whether no further block changes which model a cycle starts from. */
  const isSettled = (cycle: number, head: number): boolean => head >= settledFrom(cycle, network);

  /** Cached per block: a request for many files then reads the state once. */
  let read: { readonly block: number; readonly state: Promise<ServerState> } | null = null;
  const serverState = async (): Promise<ServerState> => {
    const block = clock.head.number;
    if (read?.block !== block) read = { block, state: readServers(chain, network.netuid, network.phases) };
    const { state } = read;
    try {
      return await state;
    } catch (thrown) {
      if (read?.state === state) read = null;
      throw thrown;
    }
  };
  const servers = async (hash?: string): Promise<readonly string[]> => rankServers(await serverState(), hash);

  /** The model that this network's first cycle starts from. */
  const inherited = async (cycle: number): Promise<string> =>
    (await (await formerly())?.baseOf(cycle)) ?? network.genesis;

  const networkFile = ({ hash, maxBytes }: FileRequest) => ({
    hash,
    what: "the network file before this one,",
    maxBytes,
    locations: () => servers(hash),
    signal: context.signal,
    isAgreed: true,
  });

  const request = (what: string, hash: string, maxBytes: number, signal: AbortSignal) => ({
    hash,
    what,
    maxBytes,
    locations: () => servers(hash),
    signal,
    isAgreed: true,
  });

  const manifest = (hash: string, signal: AbortSignal) =>
    readModelManifest(
      { fetch: ({ hash, maxBytes }) => blobs.get(request("the agreed model", hash, maxBytes, signal)) },
      hash,
    );

  return {
    servers,
    trusted: async () => trustedServers(await serverState()),
    decidedAt,
    outcomeOf,
    async baseOf(cycle) {
      // What is read later is at least as new.
      const head = clock.head.number;
      const base = await findBase(cycle);
      const last = isSettled(cycle, head) ? cycle : cycle - 1;
      const isOlder = base.of === null || base.of < last;
      // Of its first cycle the former file's models remember it, by that file's blocks.
      if (last > network.first_cycle && isSettled(last, head) && isOlder) settled.settle(last, networkHash, base);
      return base.model;
    },
    manifest,
    open: ({ hash, bytes }, signal) => blobs.open(request("a part of the agreed model", hash, bytes, signal)),
    locate: ({ hash, bytes }, signal) => blobs.locate(request("a part of the agreed model", hash, bytes, signal)),
  };
};

const baseUnknown = (cycle: number): BlockZeroError =>
  new BlockZeroError(
    "BASE_UNKNOWN",
    `the node no longer has the state that says which model was agreed on in cycle ${cycle}, nor do the newest records say it`,
    "it is asked for again until validators agree on the next model; to go on before, name an archive node in chain_endpoint",
  );
