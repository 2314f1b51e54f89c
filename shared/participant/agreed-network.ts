import type { Chain } from "#shared/chain/chain.js";
import { checkFields, checkPinned } from "#shared/config/check-network.js";
import { differingField, loadNetwork, parseNetwork } from "#shared/config/load-network.js";
import { BlockZeroError } from "#shared/errors.js";
import { decisiveNetwork, type Network, networkHash } from "#shared/protocol/network.js";
import { publishedNetwork } from "./agreed-model.js";

/** A network file is a few kilobytes; a large model's expert groups may take some hundred. */
export const MAX_NETWORK_BYTES = 4 << 20;

export interface NetworkFile {
  readonly hash: string;
  readonly maxBytes: number;
  /** The owner's blob server. */
  readonly location: string;
}

export interface AgreedNetworkOptions {
  readonly chain: Chain;
  readonly netuid: number;
  /** The operator's own copy; it must be the published one. */
  readonly file?: string | undefined;
  /** The bytes of that hash. */
  readonly fetch: (file: NetworkFile) => Promise<Uint8Array>;
}

/**
 * The network that the owner's record on chain names.
 *
 * @throws NETWORK_NOT_PUBLISHED, NETWORK_MISMATCH naming the first field that differs, what reading or fetching the file throws
 */
export const agreedNetwork = async ({ chain, netuid, file, fetch }: AgreedNetworkOptions): Promise<Network> => {
  const { hash, location } = await publishedNetwork(chain, netuid);
  const own = file === undefined ? null : loadNetwork(file);
  if (own && networkHash(own) === hash) return checked(own);
  const bytes = await fetch({ hash, maxBytes: MAX_NETWORK_BYTES, location });
  const published = checked(parseNetwork(parsedJson(bytes), `the network file of subnet ${netuid}`));
  if (own)
    throw new BlockZeroError(
      "NETWORK_MISMATCH",
      `${file} differs from the network that subnet ${netuid} runs in "${differingField(decisiveNetwork(own), published)}"`,
      "take the owner's file, or leave `network` out of the config and it is fetched",
    );
  return published;
};

const parsedJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
};

const checked = (network: Network): Network => {
  checkFields(network);
  checkPinned(network);
  return network;
};
