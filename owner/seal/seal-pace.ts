import type { Chain } from "#shared/chain/chain.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { lastBlocksTook } from "#shared/chain/last-blocks-took.js";
import { type Beacon, QUICKNET } from "#shared/chain/timelock/beacon.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Network } from "#shared/protocol/network.js";

/** A beacon, and how fast the chain is that follows it. */
export interface Pace {
  readonly beacon: Beacon;
  /** Seconds. */
  readonly blockTime: number;
}

const SUBTENSOR_BLOCK_TIME = 12;
const BEACON_HINT =
  "start a devchain whose genesis file has `drand` (blockzero devchain --genesis FILE, in a new home), or seal for --beacon quicknet";

/**
 * @param named `beacon` is quicknet or a devchain's URL; `blockTime`, in seconds, is taken from the devchain unless it is given
 * @throws BlockZeroError BEACON_MISSING, BLOCK_TIME_UNKNOWN, and what connecting throws
 */
export const paceOf = async (
  { beacon: name, blockTime }: { readonly beacon: string; readonly blockTime?: number },
  signal: AbortSignal,
): Promise<Pace> => {
  if (name === "quicknet") return { beacon: QUICKNET, blockTime: blockTime ?? SUBTENSOR_BLOCK_TIME };
  const chain = await connectDevchain({ endpoint: name, signal });
  try {
    const beacon = await chain.beacon();
    if (beacon) return { beacon, blockTime: blockTime ?? (await measured(chain, name)) };
    throw new BlockZeroError("BEACON_MISSING", `the devchain at ${name} plays no beacon`, BEACON_HINT);
  } finally {
    await chain.close();
  }
};

const measured = async (chain: Pick<Chain, "head" | "timestamp">, endpoint: string): Promise<number> => {
  const took = await lastBlocksTook(chain);
  if (took !== null) return took;
  throw new BlockZeroError(
    "BLOCK_TIME_UNKNOWN",
    `the chain at ${endpoint} has too few blocks to tell how long one takes`,
    "say it with --block-time",
  );
};

/** A cycle takes an envelope that opens in its reveal phase, so one must in each. @throws BlockZeroError SEAL_TOO_SPARSE */
export const refuseSparse = (
  spacing: number,
  { phases }: Pick<Network, "phases">,
  { beacon: { period }, blockTime }: Pace,
): void => {
  const lasts = phases.reveal * blockTime;
  if (spacing * period <= lasts) return;
  const most = Math.floor(lasts / period);
  throw new BlockZeroError(
    "SEAL_TOO_SPARSE",
    `an envelope would open every ${seconds(spacing * period)}, but a reveal phase lasts ${seconds(lasts)}: in some cycles none would`,
    most > 0
      ? `give a --spacing of at most ${most}, or correct --block-time`
      : `the reveal phase must last for a round of ${seconds(period)} at least: make it longer, or correct --block-time`,
  );
};

const seconds = (time: number): string => `${Number(time.toPrecision(4))} s`;
