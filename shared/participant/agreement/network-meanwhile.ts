import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { Chain } from "#shared/chain/chain.js";
import { subnetAt } from "#shared/chain/subnet-at.js";
import { isRejected } from "#shared/chain/writer/chain-rejected.js";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import { type Network, networkHash } from "#shared/protocol/network.js";
import { shortHash } from "#shared/protocol/records.js";
import type { FileRequest } from "#shared/replay/source.js";
import {
  networkInForce,
  networkOfValidators,
  networkRecordOf,
  type ReadableFile,
  readableFile,
} from "#shared/replay/succession.js";
import type { Log } from "#shared/telemetry/log.js";
import { rankServers, readServers } from "../files/subnet-servers.js";
import { fetchNetwork, fetchNetworkJson, type NetworkFile, type NetworkFiles, originOfFile } from "./network-file.js";

export interface NetworkMeanwhile extends NetworkFiles {
  readonly chain: Chain;
  /** The operator's own file. */
  readonly own: Network | null;
  /** Hash of the file that was in force when this home's participant joined last. */
  readonly remembered: string | undefined;
  readonly log: Pick<Log, "warn">;
}

/** The owner's record, and the block that included it. */
export type Named = Pick<NetworkFile, "hash" | "location"> & { readonly block: number };

/**
 * What to go by while nobody sends the network file that the owner's record names: a file that is announced and not in force yet may be missing. Asks
 * for it once more, those too whose records of the last phases named a server. Else the file in force: the operator's own, the one of the last start,
 * or one that the owner's record named before. Where validators with more than half of the stake wrote their records under one file, it is that or
 * none. A file that only a later version can read is none of them.
 *
 * @returns a file whose lineage holds the one in force
 * @throws BlockZeroError NETWORK_MISSING if the named file is in force; NETWORK_FILE_INVALID if it comes, cannot be read and may have begun; the
 *   fault if no other is known to be, or if address rules refuse who serves it; what the chain throws
 */
export const networkMeanwhile = async (
  meanwhile: NetworkMeanwhile,
  named: Named,
  fault: BlockZeroError,
): Promise<ReadableFile> => {
  const { chain, netuid, fetch, log } = meanwhile;
  const { hash, location } = named;
  const held = await networkOfValidators(chain, netuid);
  const block = (await chain.head()).number + 1;
  let isAskedAgain = false;
  for await (const candidate of candidates(meanwhile, named, held)) {
    const here = networkHash(candidate);
    const read = async (one: string): Promise<unknown> =>
      one === here ? candidate : fetchNetworkJson(meanwhile, { hash: one, location }, candidate.phases);
    const sent = isAskedAgain
      ? null
      : await ifSent(() => readableFile({ read, block: () => block }, hash, originOfFile(netuid)));
    if (sent !== null) return sent;
    isAskedAgain = true;
    const servers = await readServers(chain, netuid, candidate.phases);
    const what = `a network file of subnet ${netuid}`;
    const source = {
      chain,
      network: candidate,
      networkHash: here,
      fetch: (asked: FileRequest) =>
        fetch({ ...asked, what, location, locations: [location, ...rankServers(servers, asked.hash)] }),
    };
    const inForce = await ifSent(() => networkInForce(source, block));
    if (inForce === null || (held !== null && shortHash(inForce.source.networkHash) !== held)) continue;
    log.warn("the network file that the owner published cannot be had: the one in force stays until it can", {
      network: hash,
      inForce: inForce.source.networkHash,
      reason: reasonOf(fault),
    });
    return { network: candidate, networkHash: here, beyond: [] };
  }
  // Whose address rules refuse its servers lacks a setting, not the file.
  const isMissing = held === shortHash(hash) && !hasCode(fault, "FETCH_REFUSED_ADDRESS");
  throw isMissing ? networkMissing(fault) : fault;
};

/** Nobody sends the network file that validators work under already. */
export const networkMissing = (fault: BlockZeroError): BlockZeroError =>
  new BlockZeroError(
    "NETWORK_MISSING",
    `${fault.message}; validators work under it already`,
    `${fault.hint}; or get the file from another operator, and set \`network\` to it`,
    { cause: fault },
  );

/** Records of the owner that are looked at, the newest first. */
const MOST_RECORDS = 8;

/** Files that may be in force, the likeliest first. The operator's own may be any: it counts where records of validators say so. */
async function* candidates(
  { own, remembered, ...files }: NetworkMeanwhile,
  named: Named,
  held: string | null,
): AsyncGenerator<Network> {
  if (own !== null && held !== null) yield own;
  const tried = new Set([named.hash]);
  const once = async (hash: string, location: string): Promise<Network | null> => {
    if (tried.has(hash)) return null;
    tried.add(hash);
    try {
      return await ifSent(() => fetchNetwork(files, { hash, location }));
    } catch (thrown) {
      if (hasCode(thrown, "NETWORK_FILE_INVALID")) return null;
      throw thrown;
    }
  };
  const last = remembered === undefined ? null : await once(remembered, named.location);
  if (last !== null) yield last;
  for (let { block } = named, left = MOST_RECORDS; left > 0; left--) {
    const before = await namedBefore(files, block);
    if (before === null) return;
    const network = await once(before.hash, before.location);
    if (network !== null) yield network;
    block = before.block;
  }
}

/** What the owner's record named in the state before a block. Null where it named none, or the chain no longer has that state. */
const namedBefore = async (
  { chain, netuid }: Pick<NetworkFiles, "chain" | "netuid">,
  block: number,
): Promise<Named | null> => {
  if (block < 1) return null;
  try {
    const { metagraph, commitments } = await subnetAt(chain, netuid, block - 1);
    const found = networkRecordOf(commitments, metagraph.ownerHotkey);
    return found && { hash: found.record.hash, location: found.record.location, block: found.block };
  } catch (thrown) {
    if (hasCode(thrown, "STATE_DISCARDED", "BLOCK_UNKNOWN") || isRejected(thrown, "SubNetworkDoesNotExist"))
      return null;
    throw thrown;
  }
};

/** Null where a file is not sent. */
const ifSent = async <T>(work: () => Promise<T>): Promise<T | null> => {
  try {
    return await work();
  } catch (thrown) {
    if (isFetchFault(thrown)) return null;
    throw thrown;
  }
};
