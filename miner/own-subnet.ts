import { existsSync } from "node:fs";
import type { participantSettings } from "#shared/config/common.js";
import { loadNetwork } from "#shared/config/load-network.js";
import type { Config } from "#shared/config/settings.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Network } from "#shared/protocol/network.js";
import { type OpenedSubnet, openSubnet, type SubnetLocation } from "#shared/subnet/open-subnet.js";

type Settings = Pick<
  Config<typeof participantSettings>,
  "chain_endpoint" | "netuid" | "network" | "checkpoint_dir" | "allow_private_addresses"
>;

/**
 * The subnet of a miner's settings, for its commands that only look: over the chain, where the miner's own files spare what would be fetched; or of a
 * localnet's home, where nobody is asked.
 *
 * @throws what `openSubnet` throws
 */
export const openOwnSubnet = (
  { chain_endpoint, netuid, network, checkpoint_dir: own, allow_private_addresses }: Settings,
  home: string | undefined,
  rest: Omit<SubnetLocation, "home" | "chain" | "netuid" | "allowPrivateAddresses" | "networkFile">,
): Promise<OpenedSubnet> =>
  openSubnet({
    home: home ?? (existsSync(own) ? own : undefined),
    chain: home === undefined ? chain_endpoint : undefined,
    netuid,
    allowPrivateAddresses: allow_private_addresses,
    networkFile: network,
    ...rest,
  });

/** The network file that `--from` needs beside it. @throws BlockZeroError CONFIG_MISSING_KEY, and what reading it throws */
export const networkBeside = ({ network: file }: Pick<Settings, "network">): Network => {
  if (file === undefined)
    throw new BlockZeroError("CONFIG_MISSING_KEY", "network is not set", "give --network with --from");
  return loadNetwork(file);
};
