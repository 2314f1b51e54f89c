import type { Chain } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import type { ConnectOptions } from "#shared/chain/connection/connect-options.js";
import { observedChain } from "#shared/chain/observed-chain.js";
import { dryRun, formatExtrinsic } from "#shared/chain/writer/dry-run.js";
import { checkKeyFolder, keyFolderOf } from "#shared/chain/writer/key-lock.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import type { Log } from "#shared/telemetry/log.js";
import type { ParticipantConfig } from "../participant.js";

export interface OpenChainOptions extends Pick<ConnectOptions, "signal" | "onLost"> {
  readonly log: Log;
  readonly instruments: Instruments;
}

/**
 * The chain, with writes counted; those of a dry run are printed instead of sent. Close it.
 *
 * @throws what `checkKeyFolder` and `connectChain` throw
 */
export const openChain = async (
  { wallet, chain_endpoint: endpoint, dry_run: isDry }: ParticipantConfig,
  options: OpenChainOptions,
): Promise<Chain> => {
  const keyFolder = keyFolderOf(wallet);
  // Else all of a cycle's work would be done before its first write fails.
  if (!isDry) checkKeyFolder(keyFolder);
  const chain = observedChain(await connectChain({ ...options, endpoint, keyFolder }), options.instruments);
  return isDry ? dryRun(chain, (extrinsic) => options.log.info(formatExtrinsic(extrinsic))) : chain;
};
