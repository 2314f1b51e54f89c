import type { Chain } from "#shared/chain/chain.js";
import { parsedJson, parseNetwork } from "#shared/config/load-network.js";
import { MAX_NETWORK_BYTES, type Network } from "#shared/protocol/network.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import { rankServers, readServers } from "../files/subnet-servers.js";

/** A network file as it is asked for. */
export interface NetworkFile {
  readonly hash: string;
  readonly what: string;
  readonly maxBytes: number;
  /** The owner's blob server. */
  readonly location: string;
  /** That server, and those of other participants that have joined and so have the file too, in the order in which to ask. */
  readonly locations: readonly string[];
}

/** Returns the bytes with that hash. */
export type FetchNetworkFile = (file: NetworkFile) => Promise<Uint8Array>;

export interface NetworkFiles {
  readonly chain: Pick<Chain, "head" | "metagraph" | "commitments">;
  readonly netuid: number;
  readonly fetch: FetchNetworkFile;
}

/**
 * Fetches the JSON of a network file; null where it is none.
 *
 * @param phases with them servers that records of the last phases name are asked too
 * @throws what fetching throws
 */
export const fetchNetworkJson = async (
  { chain, netuid, fetch }: NetworkFiles,
  { hash, location }: Pick<NetworkFile, "hash" | "location">,
  phases?: PhaseLengths,
): Promise<unknown> => {
  const what = `the network file of subnet ${netuid},`;
  const locations = [location, ...rankServers(await readServers(chain, netuid, phases), hash)];
  return parsedJson(await fetch({ hash, what, maxBytes: MAX_NETWORK_BYTES, location, locations }));
};

/** How a subnet's network file is named in a message. */
export const originOfFile = (netuid: number): string => `the network file of subnet ${netuid}`;

/**
 * Fetches and parses a network file.
 *
 * @param phases with them servers that records of the last phases name are asked too
 * @throws NETWORK_FILE_INVALID, and what fetching throws
 */
export const fetchNetwork = async (
  files: NetworkFiles,
  file: Pick<NetworkFile, "hash" | "location">,
  phases?: PhaseLengths,
): Promise<Network> => parseNetwork(await fetchNetworkJson(files, file, phases), originOfFile(files.netuid));
