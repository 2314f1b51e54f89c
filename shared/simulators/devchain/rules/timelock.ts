import { decodeAddress } from "@polkadot/util-crypto";
import type { DrandSetting } from "#shared/chain/devchain/genesis.js";
import { decryptTimelock } from "#shared/chain/timelock/timelock.js";
import { decodeTimelockPayload } from "#shared/chain/weights/payload.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { pulse } from "../beacon.js";
import { tempoIndex } from "../epochs.js";
import { Fault } from "../fault.js";
import type { SubnetState, TimelockedWeights } from "../state.js";
import { type GivenWeights, placeWeights } from "./weights.js";

/** No commitment is revealed before this tempo. */
const FIRST_EPOCH = 2;

/**
 * At the start of an epoch: weights committed `revealPeriod − 1` tempos before are decrypted with the beacon's pulse and set, oldest first.
 * A commitment that cannot be set (no pulse yet, no ciphertext, weights that break a rule) is lost, as in the runtime. `time`: of the
 * parent block.
 */
export const revealTimelocked = (
  subnet: SubnetState,
  drand: DrandSetting | null,
  block: number,
  time: number,
): SubnetState => {
  const epoch = tempoIndex(subnet, block);
  const due = epoch - (subnet.hyperParameters.revealPeriod - 1);
  const isEarly = epoch < FIRST_EPOCH;
  const left = [...subnet.timelockedWeights].filter(([committed]) => committed > due || (isEarly && committed === due));
  const opened = isEarly ? [] : (subnet.timelockedWeights.get(due) ?? []);
  return opened.reduce<SubnetState>(
    (after, weights) => {
      const given = drand && open(weights, drand, time);
      if (!given) return after;
      try {
        return placeWeights(after, given, { signer: weights.hotkey, block });
      } catch (error) {
        if (error instanceof Fault) return after;
        throw error;
      }
    },
    left.length === subnet.timelockedWeights.size ? subnet : { ...subnet, timelockedWeights: new Map(left) },
  );
};

/** Undefined if it cannot be decrypted, or if its payload was made for another hotkey. */
const open = (
  { hotkey, ciphertext, round }: TimelockedWeights,
  drand: DrandSetting,
  time: number,
): GivenWeights | undefined => {
  const signature = pulse(drand, round, time);
  if (!signature) return undefined;
  try {
    const plaintext = decryptTimelock(Buffer.from(ciphertext, "hex"), signature);
    const payload = decodePayload(plaintext);
    const isTheirs = payload.hotkey === null || Buffer.from(decodeAddress(hotkey)).equals(payload.hotkey);
    return isTheirs ? payload : undefined;
  } catch (error) {
    if (error instanceof BlockZeroError) return undefined;
    throw error;
  }
};

/** Bound to a hotkey, or in the older format, which is not. */
const decodePayload = (plaintext: Uint8Array): ReturnType<typeof decodeTimelockPayload> => {
  try {
    return decodeTimelockPayload(plaintext, "hotkey");
  } catch (error) {
    if (error instanceof BlockZeroError) return decodeTimelockPayload(plaintext, "legacy");
    throw error;
  }
};
