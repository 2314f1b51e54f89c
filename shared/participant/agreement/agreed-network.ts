import type { BlobClient } from "#shared/blobs/blob-client.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { incomingBytes } from "#shared/blobs/incoming-blob.js";
import type { Chain } from "#shared/chain/chain.js";
import { subnetAt } from "#shared/chain/subnet-at.js";
import { checkFields, checkPinned } from "#shared/config/check-network.js";
import { differingField, loadNetwork } from "#shared/config/load-network.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { decisiveNetwork, type Network, networkHash } from "#shared/protocol/network.js";
import type { NetworkRecord } from "#shared/protocol/records.js";
import {
  MOST_FORMER,
  networkRecordOf,
  type ReadableFile,
  readableFile,
  type UnreadableFile,
} from "#shared/replay/succession.js";
import { type Log, silentLog } from "#shared/telemetry/log.js";
import {
  type FetchNetworkFile,
  fetchNetwork,
  fetchNetworkJson,
  type NetworkFiles,
  originOfFile,
} from "./network-file.js";
import { networkMeanwhile } from "./network-meanwhile.js";

export interface AgreedNetworkOptions extends Pick<NetworkFiles, "netuid" | "fetch"> {
  readonly chain: Chain;
  /** The operator's own copy. It must be the published file. */
  readonly file?: string | undefined;
  /** Hash of the file that was in force when this home's participant joined last. */
  readonly remembered?: string | undefined;
  readonly log?: Pick<Log, "warn"> | undefined;
}

/** Fetches the file for a caller without a store: from the first server that has it. */
export const networkFrom =
  (client: Pick<BlobClient, "receive">, signal: AbortSignal): FetchNetworkFile =>
  async (file) => {
    const incoming = incomingBytes(file.hash);
    await client.receive({ ...file, signal }, incoming);
    return incoming.bytes();
  };

/** The owner's network record that is on chain now, and the block that included it. @throws NETWORK_NOT_PUBLISHED. */
export const publishedNetwork = async (chain: Chain, netuid: number): Promise<NetworkRecord & { block: number }> => {
  const { metagraph, commitments } = await subnetAt(chain, netuid);
  const named = networkRecordOf(commitments, metagraph.ownerHotkey);
  if (named !== null) return { ...named.record, block: named.block };
  throw new BlockZeroError(
    "NETWORK_NOT_PUBLISHED",
    `the owner of subnet ${netuid} has not published a network file`,
    "ask the owner to run `blockzero publish`, or check netuid and chain_endpoint",
  );
};

/**
 * The network that the owner's record on chain names; where nobody sends its file and another one is in force, a file whose lineage holds that one;
 * where this version cannot read it and it has not begun, the newest of its line that it can read.
 *
 * @throws NETWORK_NOT_PUBLISHED, NETWORK_MISMATCH naming the first field that differs, NETWORK_MISSING, what reading or fetching the file throws
 */
export const agreedNetwork = async (options: AgreedNetworkOptions): Promise<Network> =>
  (await agreedFiles(options)).network;

/** The same, with the files after it that this version cannot read. */
export const agreedFiles = async (options: AgreedNetworkOptions): Promise<ReadableFile> => {
  const { chain, netuid, file, fetch, remembered, log = silentLog } = options;
  const named = await publishedNetwork(chain, netuid);
  const own = file === undefined ? null : loadNetwork(file);
  if (own && networkHash(own) === named.hash) return { network: checked(own), networkHash: named.hash, beyond: [] };
  const files = {
    read: (hash: string) => fetchNetworkJson(options, { hash, location: named.location }),
    block: async () => (await chain.head()).number + 1,
  };
  const found = await readableFile(files, named.hash, originOfFile(netuid)).catch((thrown: unknown) => {
    if (!isFetchFault(thrown)) throw thrown;
    return networkMeanwhile({ chain, netuid, fetch, own, remembered, log }, named, thrown);
  });
  const published = checked(found.network);
  if (own === null || networkHash(own) === networkHash(published)) return found;
  const former = async (hash: string) => fetchNetwork(options, { hash, location: named.location });
  if (await isFormer(networkHash(own), published, former)) return found;
  throw new BlockZeroError(
    "NETWORK_MISMATCH",
    `${file} differs from the network that subnet ${netuid} runs in "${differingField(decisiveNetwork(own), published)}"`,
    "take the owner's file, or leave `network` out of the config and it is fetched",
  );
};

/** Says that an announced file is of a later version, while there is time to install that. */
export const tellUnreadable = (log: Pick<Log, "error">, { hash, firstCycle, invalid }: UnreadableFile): void =>
  log.error(
    "an announced network file cannot be read: before its first cycle, install the version that the subnet's owner names",
    {
      network: hash,
      cycle: firstCycle,
      reason: invalid.message,
    },
  );

/** Whether a file is among those that another file succeeds. A participant with the older file will switch, or has already switched. */
const isFormer = async (
  hash: string,
  published: Network,
  fetch: (hash: string) => Promise<Network>,
): Promise<boolean> => {
  for (let at = published, left = MOST_FORMER; at.succeeds && left > 0; left--) {
    const { network } = at.succeeds;
    if (network === hash) return true;
    at = await fetch(network);
  }
  return false;
};

const checked = (network: Network): Network => {
  checkFields(network);
  checkPinned(network);
  return network;
};
