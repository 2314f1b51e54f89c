import type { Chain } from "#shared/chain/chain.js";
import { hasCode } from "#shared/errors/error.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import type { BlobRef, ModelManifest } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { agreedModel } from "#shared/protocol/voting/agreement.js";
import { votingStakes } from "#shared/protocol/voting/voting-stake.js";
import { lastModelBlock, modelOutcome, modelRecords } from "#shared/replay/agreed-outcome.js";
import { modelNamed } from "#shared/replay/base-model-hash.js";
import type { FileRequest } from "#shared/replay/source.js";
import { formerOf } from "#shared/replay/succession.js";
import { readModelManifest } from "#shared/replay/whole-model.js";
import { keepNewest } from "#shared/util/keep-newest.js";
import type { BlockClock } from "../block-clock.js";
import type { Blobs } from "../files/blobs.js";
import { rankServers, readServers, type ServerState } from "../files/subnet-servers.js";
import { untilBlock } from "../until-block.js";

export interface AgreedModels {
  /**
   * Hash of the model that `cycle` starts from: the newest that validators with more than half of the stake committed. Reads the state at
   * the end of the cycle's distribute phase, or the newest state before that.
   */
  baseOf(cycle: number): Promise<string>;
  /** Hash agreed so far for `cycle`'s own merge, or null. */
  outcomeOf(cycle: number): Promise<string | null>;
  /** Blob servers to ask for a file, in this order: see `rankServers`. */
  servers(hash?: string): Promise<readonly string[]>;
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
}

/** Blocks to wait for a manifest before it counts as unavailable. */
const MANIFEST_BLOCKS = 2;

/** Settled cycles that are remembered; an older one is read again, as after a restart. */
const MAX_SETTLED = 1024;

/** Follows what the validators agree on, from chain state alone. Files come from any server that has them. */
export const followModels = (context: AgreedModelsContext): AgreedModels => {
  const { chain, clock, network, networkHash, blobs } = context;
  const settled = new Map<number, string | null>();
  const settle = (cycle: number, model: string | null): void => {
    settled.set(cycle, model);
    keepNewest(settled, MAX_SETTLED);
  };

  let former: Promise<AgreedModels | null> | null = null;
  /** The models agreed under the network that this one succeeds. */
  const formerly = (): Promise<AgreedModels | null> => {
    const source = { network, networkHash, fetch: (file: FileRequest) => blobs.get(networkFile(file)) };
    const asked = former ?? formerOf(source).then((before) => before && followModels({ ...context, ...before }));
    former = asked;
    // A later request may succeed.
    asked.catch(() => {
      former = null;
    });
    return asked;
  };

  const outcomeOf = async (cycle: number): Promise<string | null> => {
    if (cycle < network.first_cycle) return (await (await formerly())?.outcomeOf(cycle)) ?? null;
    const known = settled.get(cycle);
    if (known !== undefined) return known;
    const deadline = lastModelBlock(cycle, network);
    const at = Math.min(deadline, clock.head.number);
    const { agreed } = await modelOutcome(context, cycle, at);
    if (agreed === null) {
      if (at === deadline) settle(cycle, null);
      return null;
    }
    const until = clock.head.number + MANIFEST_BLOCKS;
    const named = await untilBlock(clock, until, context.signal, (over) =>
      modelNamed((hash) => manifest(hash, over), context, { cycle, hash: agreed }).catch((thrown: unknown) => {
        context.signal.throwIfAborted();
        if (over.aborted) return "unknown" as const;
        throw thrown;
      }),
    );
    const hash = named === "none" ? null : agreed;
    if (at === deadline && named !== "unknown") settle(cycle, hash);
    return hash;
  };

  /** Used if the chain no longer holds the needed state: the newest model that a majority's latest records still name, else genesis. */
  const newestNamed = async (cycle: number): Promise<string> => {
    const [metagraph, commitments] = await Promise.all([
      chain.metagraph(network.netuid),
      chain.commitments(network.netuid),
    ]);
    const { voting } = network;
    const stakes = votingStakes({ neurons: metagraph.neurons, commitments }, { networkHash, cycle, voting });
    const records = modelRecords(commitments, networkHash).filter(({ record }) => record.cycle < cycle);
    for (const past of [...new Set(records.map(({ record }) => record.cycle))].sort((a, b) => b - a)) {
      const ofCycle = records.filter(({ record }) => record.cycle === past);
      const hash = agreedModel(ofCycle, stakes);
      if (hash !== null) return hash;
    }
    return inherited(Math.min(cycle, network.first_cycle));
  };

  /** Cached per block: a request for many files then reads the state once. */
  let read: { readonly block: number; readonly state: Promise<ServerState> } | null = null;
  const servers = async (hash?: string): Promise<readonly string[]> => {
    const block = clock.head.number;
    if (read?.block !== block) read = { block, state: readServers(chain, network.netuid, network.phases) };
    const { state } = read;
    try {
      return rankServers(await state, hash);
    } catch (thrown) {
      if (read?.state === state) read = null;
      throw thrown;
    }
  };

  /** The model that this network's first cycle starts from. */
  const inherited = async (cycle: number): Promise<string> =>
    (await (await formerly())?.baseOf(cycle)) ?? network.genesis;

  const networkFile = ({ hash, maxBytes }: FileRequest) => ({
    hash,
    what: "the network file before this one,",
    maxBytes,
    locations: () => servers(hash),
    signal: context.signal,
  });

  const request = (what: string, hash: string, maxBytes: number, signal: AbortSignal) => ({
    hash,
    what,
    maxBytes,
    locations: () => servers(hash),
    signal,
  });

  const manifest = (hash: string, signal: AbortSignal) =>
    readModelManifest(
      { fetch: ({ hash, maxBytes }) => blobs.get(request("the agreed model", hash, maxBytes, signal)) },
      hash,
    );

  return {
    servers,
    outcomeOf,
    async baseOf(cycle) {
      try {
        for (let past = cycle - 1; past >= network.first_cycle; past--) {
          const hash = await outcomeOf(past);
          if (hash !== null) return hash;
        }
      } catch (thrown) {
        if (hasCode(thrown, "STATE_DISCARDED")) return newestNamed(cycle);
        throw thrown;
      }
      return inherited(Math.min(cycle, network.first_cycle));
    },
    manifest,
    open: ({ hash, bytes }, signal) => blobs.open(request("a part of the agreed model", hash, bytes, signal)),
    locate: ({ hash, bytes }, signal) => blobs.locate(request("a part of the agreed model", hash, bytes, signal)),
  };
};
