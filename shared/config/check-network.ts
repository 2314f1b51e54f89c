import { parsePublicKey } from "../chain/timelock/pulse.js";
import { BlockZeroError, reasonOf } from "../errors.js";
import { checkGroups } from "../model/groups.js";
import type { Network } from "../protocol/network.js";

/**
 * Checks what no single field shows: that the groups fit the model, and that the beacons' keys are points of their curve.
 *
 * @throws BlockZeroError EXPERT_GROUP_INVALID, NETWORK_BEACON_INVALID
 */
export const checkFields = (network: Pick<Network, "model" | "groups" | "beacon">): void => {
  checkGroups(network);
  const { beacon, groups } = network;
  if (beacon) checkKey("beacon", beacon.public_key);
  for (const [name, { sealed }] of Object.entries(groups))
    if (sealed) checkKey(`groups.${name}.sealed.beacon`, sealed.beacon.public_key);
};

const checkKey = (field: string, key: string): void => {
  try {
    parsePublicKey(key);
  } catch (cause) {
    throw new BlockZeroError(
      "NETWORK_BEACON_INVALID",
      `${field}.public_key: ${reasonOf(cause)}`,
      "take the beacon's key from `blockzero genesis --beacon` or `blockzero seal`",
      { cause },
    );
  }
};
