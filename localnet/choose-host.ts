import { join, resolve } from "node:path";
import type { NetworkTemplate } from "#owner/network/network-template.js";
import type { ConnectOptions } from "#shared/chain/connection/connect-options.js";
import type { Signer } from "#shared/protocol/signer.js";
import { devchainHost } from "./devchain-host.js";
import type { LocalChainHost } from "./local-chain.js";
import type { LocalnetOptions } from "./options.js";
import { createLocalnetColdkey } from "./roles.js";

/** The chain that the options name. */
export const chooseHost = async (
  { home, seed, weights, sealed, blockTime, runtime }: LocalnetOptions,
  template: NetworkTemplate,
  hotkey: Signer,
  connection: Omit<ConnectOptions, "endpoint">,
): Promise<LocalChainHost> => {
  const shared = { home, seed, weights, sealed, blockTime };
  if (runtime === undefined) return devchainHost(template, hotkey, shared, connection);
  const { subtensorHost } = await import("./subtensor-host.js");
  const coldkey = await createLocalnetColdkey(join(home, "wallets"), String(seed));
  return subtensorHost(template, { coldkey, hotkey }, { ...shared, runtime: resolve(runtime) }, connection);
};
