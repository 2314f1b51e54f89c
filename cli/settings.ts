import { participantSettings } from "#shared/config/common.js";
import { defineConfig } from "#shared/config/settings.js";

/** The participants' settings that the owner's commands share: one spelling, one environment variable, one default. */

const { chain_endpoint, netuid, network, allow_private_addresses } = participantSettings;

export const chainSettings = defineConfig({ chain_endpoint });
export const subnetSettings = defineConfig({ chain_endpoint, netuid });
export const networkSettings = defineConfig({ chain_endpoint, netuid, network, allow_private_addresses });

export const walletsSettings = defineConfig({ "wallet.path": participantSettings["wallet.path"] });
export const walletSettings = defineConfig({
  "wallet.name": participantSettings["wallet.name"],
  "wallet.hotkey": participantSettings["wallet.hotkey"],
  ...walletsSettings,
});

/** Of commands that write to the chain with a wallet's keys. */
export const writerSettings = defineConfig({
  ...walletSettings,
  "wallet.keys_in_use": participantSettings["wallet.keys_in_use"],
  "wallet.signer": participantSettings["wallet.signer"],
  "wallet.signer_token": participantSettings["wallet.signer_token"],
  "wallet.signer_certificate": participantSettings["wallet.signer_certificate"],
});

/** Of commands that run until they are stopped. */
export const logSettings = defineConfig({
  "log.level": participantSettings["log.level"],
  "log.format": participantSettings["log.format"],
});

/** Of who serves files and says where on chain. */
export const announceSettings = defineConfig({
  "listen.host": participantSettings["listen.host"],
  "listen.port": participantSettings["listen.port"],
  "listen.public_url": participantSettings["listen.public_url"],
  allow_private_addresses,
});
