import type { SudoCallSpec } from "#shared/chain/devchain/calls.js";
import type { DevchainClient } from "#shared/chain/devchain/client.js";
import type { GenesisSpec } from "#shared/chain/devchain/genesis.js";
import { isRejected } from "#shared/chain/writer/chain-rejected.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { signerFromUri } from "#shared/wallet/index.js";

/** Substrate's well-known development key: everybody has it, so it is worth nothing anywhere else. */
export const SUDO = "//Alice";

/** Pulses as often as the fastest blocks, of a beacon that anybody could be. */
const BEACON = { seed: "00".repeat(32), genesisTime: 0, period: 0.1 };

/** The genesis of a chain for trying things out: no subnet yet, and anybody may use its sudo key. */
export const developmentGenesis = async (): Promise<GenesisSpec> => ({
  sudo: (await signerFromUri(SUDO)).address,
  drand: BEACON,
});

/** Signs with the development key. @throws SUDO_REFUSED where the chain has another */
export const sudoCalls = async (chain: DevchainClient, calls: readonly SudoCallSpec[]): Promise<void> => {
  try {
    await chain.sudo(calls, await signerFromUri(SUDO));
  } catch (thrown) {
    if (!isRejected(thrown, "RequireSudo")) throw thrown;
    throw new BlockZeroError(
      "SUDO_REFUSED",
      `the chain's sudo key is not ${SUDO}`,
      "use a devchain that `blockzero devchain` started without --genesis",
    );
  }
};
