import { createHash } from "node:crypto";
import type { WeightsMode } from "#shared/chain/chain.js";
import type { DrandSetting } from "#shared/chain/devchain/genesis.js";

/** One pulse per block, but at least one per second, so that a short cycle has some pulses between its weights and their epoch. */
const periodOf = (blockTime: number): number => Math.min(1, blockTime / 1000);

/** Subtensor opens no timelock before its third tempo. Here a tempo is a cycle. */
const FIRST_OPENED = 2;

export interface BeaconUse {
  readonly seed: number;
  readonly weights: WeightsMode;
  readonly sealed: boolean;
  /** Milliseconds between blocks. */
  readonly blockTime: number;
}

/**
 * The beacon whose pulses make seeds and open weights and sealed text. The localnet's beacon does not keep its own seed secret. If the
 * chain has a beacon, a validator that commits weights leaves it to the beacon to reveal them.
 */
export const beaconSetting = ({ seed, weights, sealed, blockTime }: BeaconUse): DrandSetting | null =>
  weights === "hash" && !sealed
    ? null
    : {
        seed: createHash("sha256").update(`blockzero localnet ${seed} beacon`).digest("hex"),
        genesisTime: 0,
        period: periodOf(blockTime),
      };

/** The first cycle whose weights the chain opens. */
export const firstOpened = (weights: WeightsMode): number => (weights === "timelock" ? FIRST_OPENED : 0);
