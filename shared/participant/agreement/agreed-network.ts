import type { BlobClient } from "#shared/blobs/blob-client.js";
import { incomingBytes } from "#shared/blobs/incoming-blob.js";
import type { Chain } from "#shared/chain/chain.js";
import { checkFields, checkPinned } from "#shared/config/check-network.js";
import { differingField, loadNetwork, parsedJson, parseNetwork } from "#shared/config/load-network.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { decisiveNetwork, MAX_NETWORK_BYTES, type Network, networkHash } from "#shared/protocol/network.js";
import type { NetworkRecord } from "#shared/protocol/records.js";
import { networkRecordOf } from "#shared/replay/succession.js";
import { rankServers, readServers } from "../files/subnet-servers.js";

export interface NetworkFile {
  readonly hash: string;
  readonly what: string;
  readonly maxBytes: number;
  /** The owner's blob server. */
  readonly location: string;
  /** That server, and those of other participants that have joined and so have the file too, in the order in which to ask. */
  readonly locations: readonly string[];
}

export interface AgreedNetworkOptions {
  readonly chain: Chain;
  readonly netuid: number;
  /** The operator's own copy. It must be the published file. */
  readonly file?: string | undefined;
  /** Returns the bytes with that hash. */
  readonly fetch: (file: NetworkFile) => Promise<Uint8Array>;
}

/** Fetches the file for a caller without a store: from the first server that has it. */
export const networkFrom =
  (client: Pick<BlobClient, "receive">, signal: AbortSignal): AgreedNetworkOptions["fetch"] =>
  async (file) => {
    const incoming = incomingBytes(file.hash);
    await client.receive({ ...file, signal }, incoming);
    return incoming.bytes();
  };

/** The owner's network record that is on chain now. @throws NETWORK_NOT_PUBLISHED. */
export const publishedNetwork = async (chain: Chain, netuid: number): Promise<NetworkRecord> => {
  const [{ ownerHotkey }, commitments] = await Promise.all([chain.metagraph(netuid), chain.commitments(netuid)]);
  const named = networkRecordOf(commitments, ownerHotkey);
  if (named !== null) return named.record;
  throw new BlockZeroError(
    "NETWORK_NOT_PUBLISHED",
    `the owner of subnet ${netuid} has not published a network file`,
    "ask the owner to run `blockzero publish`, or check netuid and chain_endpoint",
  );
};

/**
 * The network that the owner's record on chain names.
 *
 * @throws NETWORK_NOT_PUBLISHED, NETWORK_MISMATCH naming the first field that differs, what reading or fetching the file throws
 */
export const agreedNetwork = async ({ chain, netuid, file, fetch }: AgreedNetworkOptions): Promise<Network> => {
  const { hash, location } = await publishedNetwork(chain, netuid);
  const own = file === undefined ? null : loadNetwork(file);
  if (own && networkHash(own) === hash) return checked(own);
  const locations = [location, ...rankServers(await readServers(chain, netuid), hash)];
  const what = `the network file of subnet ${netuid},`;
  const bytes = await fetch({ hash, what, maxBytes: MAX_NETWORK_BYTES, location, locations });
  const published = checked(parseNetwork(parsedJson(bytes), `the network file of subnet ${netuid}`));
  if (
    own &&
    !(await isFormer(networkHash(own), published, (former) => fetch({ ...former, what, location, locations })))
  )
    throw new BlockZeroError(
      "NETWORK_MISMATCH",
      `${file} differs from the network that subnet ${netuid} runs in "${differingField(decisiveNetwork(own), published)}"`,
      "take the owner's file, or leave `network` out of the config and it is fetched",
    );
  return published;
};

/** Whether a file is among those that another file succeeds. A participant with the older file will switch, or has already switched. */
const isFormer = async (
  hash: string,
  published: Network,
  fetch: (file: Pick<NetworkFile, "hash" | "maxBytes">) => Promise<Uint8Array>,
): Promise<boolean> => {
  for (let at = published; at.succeeds; ) {
    if (at.succeeds.network === hash) return true;
    const former: string = at.succeeds.network;
    const bytes = await fetch({ hash: former, maxBytes: MAX_NETWORK_BYTES });
    at = parseNetwork(parsedJson(bytes), `the network file ${former.slice(0, 8)}`);
  }
  return false;
};

const checked = (network: Network): Network => {
  checkFields(network);
  checkPinned(network);
  return network;
};
