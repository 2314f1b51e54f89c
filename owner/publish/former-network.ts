import type { BlobClient } from "#shared/blobs/blob-client.js";
import type { LocalStore } from "#shared/blobs/blob-store.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { Chain } from "#shared/chain/chain.js";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import { publishedNetwork } from "#shared/participant/agreement/agreed-network.js";
import { rankServers, readServers } from "#shared/participant/files/subnet-servers.js";
import { type Network, networkBytes, networkHash } from "#shared/protocol/network.js";
import type { FileRequest } from "#shared/replay/source.js";
import { networkInForce, readNetwork } from "#shared/replay/succession.js";

export interface Published {
  readonly store: LocalStore;
  readonly client: BlobClient;
  readonly chain: Chain;
  readonly signal: AbortSignal;
}

/**
 * The network file that a change succeeds: the one in force, or the one that is to be; null where there is no record. It stays here for those who
 * still need it.
 *
 * @throws NETWORK_FORMER_MISSING
 */
export const formerNetwork = async (
  written: Network,
  { store, client, chain, signal }: Published,
): Promise<Network | null> => {
  const { netuid, phases } = written;
  const record = await publishedNetwork(chain, netuid).catch((thrown: unknown) => {
    if (hasCode(thrown, "NETWORK_NOT_PUBLISHED")) return null;
    throw thrown;
  });
  if (record === null) return null;
  if (record.hash === networkHash(written)) await store.put(networkBytes(written));
  const fetch = async ({ hash, maxBytes }: FileRequest): Promise<Uint8Array> => {
    const known = await store.get(hash);
    if (known) return known;
    const bytes = await fromAny(
      [record.location, ...rankServers(await readServers(chain, netuid, phases), hash)],
      (location) => client.fetchBlob({ hash, maxBytes, location, signal }),
    );
    await store.put(bytes);
    return bytes;
  };
  const published = { chain, fetch, network: await readNetwork({ fetch }, record.hash), networkHash: record.hash };
  const { source, next } = await networkInForce(published, (await chain.head()).number + 1);
  if (next?.problem) console.error(`the published network file takes no effect: ${next.problem}`);
  return next !== null && next.problem === null ? published.network : source.network;
};

/** @throws NETWORK_FORMER_MISSING where none of them gives it */
const fromAny = async (
  locations: readonly string[],
  fetchFrom: (location: string) => Promise<Uint8Array>,
): Promise<Uint8Array> => {
  let last: unknown;
  for (const location of locations) {
    try {
      return await fetchFrom(location);
    } catch (thrown) {
      if (!isFetchFault(thrown)) throw thrown;
      last = thrown;
    }
  }
  throw new BlockZeroError(
    "NETWORK_FORMER_MISSING",
    `the network file that is published now cannot be had: ${reasonOf(last)}`,
    "keep its publisher or a validator running meanwhile, or copy its blob into the directory's blobs",
    { cause: last },
  );
};
