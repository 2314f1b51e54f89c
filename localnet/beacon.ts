import { createHash } from "node:crypto";
import type { WeightsMode } from "#shared/chain/chain.js";
import type { DrandSetting } from "#shared/chain/devchain/genesis.js";

/** A pulse a block, and of slow blocks one a second: a short cycle has some between its weights and their epoch. */
const periodOf = (blockTime: number): number => Math.min(1, blockTime / 1000);

/** Subtensor opens no timelock before its third tempo, and here a tempo is a cycle. */
const FIRST_OPENED = 2;

export interface BeaconUse {
  readonly seed: number;
  readonly weights: WeightsMode;
  readonly sealed: boolean;
  /** Milliseconds between blocks. */
  readonly blockTime: number;
}

/**
 * The beacon whose pulses make seeds and open weights and text; its own seed is no secret here. Where a chain has one, whoever commits weights
 * leaves it to the beacon to reveal them.
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
