import { createBlobClient } from "#shared/blobs/blob-client.js";
import { connectChain } from "#shared/chain/connect.js";
import { lastBlocksTook } from "#shared/chain/last-blocks-took.js";
import { loadNetwork } from "#shared/config/load-network.js";
import { checkGroups } from "#shared/model/groups.js";
import type { Network } from "#shared/protocol/network.js";
import type { Log } from "#shared/telemetry/log.js";
import type { ParticipantConfig } from "../participant.js";
import { agreedNetwork, networkFrom } from "./agreed-network.js";

/** A faster pace means that blocks are made on demand. */
const LEAST_BLOCK_SECONDS = 0.1;

export interface NetworkAhead {
  readonly network: Network;
  /** Seconds from one block to the next, as the chain's last ones took. Null where no chain was asked, or where it has no pace. */
  readonly blockSeconds: number | null;
}

/**
 * The network that a program would take part in, before it does: the file, where there is one; else what the subnet's owner published, with the pace
 * of its chain.
 *
 * @throws what reading the file, connecting and fetching throw
 */
export const networkAhead = async (
  config: Pick<ParticipantConfig, "network" | "chain_endpoint" | "netuid" | "allow_private_addresses">,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<NetworkAhead> => {
  if (config.network !== undefined) {
    const network = loadNetwork(config.network);
    checkGroups(network);
    return { network, blockSeconds: null };
  }
  const chain = await connectChain({ endpoint: config.chain_endpoint, log, signal });
  try {
    const client = createBlobClient({ allowPrivateAddresses: config.allow_private_addresses, log });
    const network = await agreedNetwork({ chain, netuid: config.netuid, fetch: networkFrom(client, signal), log });
    const took = await lastBlocksTook(chain);
    return { network, blockSeconds: took !== null && took >= LEAST_BLOCK_SECONDS ? took : null };
  } finally {
    await chain.close();
  }
};
