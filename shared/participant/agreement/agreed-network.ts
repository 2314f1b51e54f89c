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
import { networkRecordOf } from "#shared/replay/succession.js";
import { type Log, silentLog } from "#shared/telemetry/log.js";
import { type FetchNetworkFile, fetchNetwork, type NetworkFiles } from "./network-file.js";
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
 * The network that the owner's record on chain names; where nobody sends its file and another one is in force, a file whose lineage holds that one.
 *
 * @throws NETWORK_NOT_PUBLISHED, NETWORK_MISMATCH naming the first field that differs, NETWORK_MISSING, what reading or fetching the file throws
 */
export const agreedNetwork = async (options: AgreedNetworkOptions): Promise<Network> => {
  const { chain, netuid, file, fetch, remembered, log = silentLog } = options;
  const named = await publishedNetwork(chain, netuid);
  const own = file === undefined ? null : loadNetwork(file);
  if (own && networkHash(own) === named.hash) return checked(own);
  const published = checked(
    await fetchNetwork(options, named).catch((thrown: unknown) => {
      if (!isFetchFault(thrown)) throw thrown;
      return networkMeanwhile({ chain, netuid, fetch, own, remembered, log }, named, thrown);
    }),
  );
  if (own === null || networkHash(own) === networkHash(published)) return published;
  const former = async (hash: string) => fetchNetwork(options, { hash, location: named.location });
  if (await isFormer(networkHash(own), published, former)) return published;
  throw new BlockZeroError(
    "NETWORK_MISMATCH",
    `${file} differs from the network that subnet ${netuid} runs in "${differingField(decisiveNetwork(own), published)}"`,
    "take the owner's file, or leave `network` out of the config and it is fetched",
  );
};

/** Whether a file is among those that another file succeeds. A participant with the older file will switch, or has already switched. */
const isFormer = async (
  hash: string,
  published: Network,
  fetch: (hash: string) => Promise<Network>,
): Promise<boolean> => {
  for (let at = published; at.succeeds; at = await fetch(at.succeeds.network))
    if (at.succeeds.network === hash) return true;
  return false;
};

const checked = (network: Network): Network => {
  checkFields(network);
  checkPinned(network);
  return network;
};
