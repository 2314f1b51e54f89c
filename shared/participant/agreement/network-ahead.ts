import { createBlobClient } from "#shared/blobs/blob-client.js";
import { connectChain } from "#shared/chain/connect.js";
import { loadNetwork } from "#shared/config/load-network.js";
import { checkGroups } from "#shared/model/groups.js";
import type { Network } from "#shared/protocol/network.js";
import type { Log } from "#shared/telemetry/log.js";
import type { ParticipantConfig } from "../participant.js";
import { agreedNetwork, networkFrom } from "./agreed-network.js";

/**
 * The network that a program would take part in, before it does: the file, where there is one; else what the subnet's owner published.
 *
 * @throws what reading the file, connecting and fetching throw
 */
export const networkAhead = async (
  config: Pick<ParticipantConfig, "network" | "chain_endpoint" | "netuid" | "allow_private_addresses">,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<Network> => {
  if (config.network !== undefined) {
    const network = loadNetwork(config.network);
    checkGroups(network);
    return network;
  }
  const chain = await connectChain({ endpoint: config.chain_endpoint, log, signal });
  try {
    const client = createBlobClient({ allowPrivateAddresses: config.allow_private_addresses, log });
    return await agreedNetwork({ chain, netuid: config.netuid, fetch: networkFrom(client, signal) });
  } finally {
    await chain.close();
  }
};
