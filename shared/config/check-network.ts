import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { parsePublicKey } from "../chain/timelock/pulse.js";
import { checkGroups } from "../model/groups.js";
import type { Network } from "../protocol/network.js";
import { hasTimeForPrefixes, LEAST_SEARCH } from "../protocol/prefix-windows.js";
import { tokenizerFiles } from "../protocol/tokenizer-files.js";

/**
 * Checks what no single field shows: that the groups fit the model, that the beacons' keys are points of their curve, and that its Sprints can be
 * run.
 *
 * @throws BlockZeroError EXPERT_GROUP_INVALID, NETWORK_BEACON_INVALID, SPRINT_PROFILE_UNSUPPORTED
 */
export const checkFields = (network: Pick<Network, "model" | "groups" | "beacon" | "sprint" | "phases">): void => {
  checkGroups(network);
  checkSprint(network);
  const { beacon, groups } = network;
  if (beacon) checkKey("beacon", beacon.public_key);
  for (const [name, { sealed }] of Object.entries(groups))
    if (sealed) checkKey(`groups.${name}.sealed.beacon`, sealed.beacon.public_key);
};

/** Refuses what a profile cannot do. */
const checkSprint = ({ sprint, ...network }: Pick<Network, "sprint" | "phases" | "beacon">): void => {
  const refuse = (problem: string, remedy: string): never => {
    throw new BlockZeroError("SPRINT_PROFILE_UNSUPPORTED", problem, `as the subnet's owner, ${remedy}`);
  };
  if (sprint?.profile === "exact" && sprint.devices !== undefined)
    refuse("sprint.devices: the profile exact has the same bits on every device", "leave the key out");
  if (sprint?.profile !== "float") return;
  if (sprint.duty !== undefined)
    refuse(
      "sprint.duty: nobody could prove by recomputing that a nonce of the profile float is false",
      "leave duty out, or take the profile exact",
    );
  if (sprint.dials === "real")
    refuse(
      "sprint.dials: the outputs of float's real share so much of a direction that some seeds are refused, and a sample of one proof takes 4e12 operations",
      "take the dials tiny or test, or the profile exact",
    );
  if (!hasTimeForPrefixes(network))
    refuse(
      `phases.evaluate: the profile float needs ${LEAST_SEARCH} blocks in which everybody knows the inputs, for records at each third`,
      "make the phase longer; a beacon takes the first quarter of it",
    );
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

/**
 * Checks that a network file names all text and its tokenizer by their content, and no file of anybody's machine.
 *
 * @throws BlockZeroError NETWORK_UNPINNED
 */
export const checkPinned = ({ groups, data: { tokenizer } }: Pick<Network, "groups" | "data">): void => {
  for (const { name, sha256, bytes } of tokenizerFiles(tokenizer)) {
    if (sha256 !== undefined && bytes !== undefined) continue;
    throw new BlockZeroError(
      "NETWORK_UNPINNED",
      `data.tokenizer: ${name} has no ${sha256 === undefined ? "sha256" : "bytes"}, so that everybody could take another`,
      "as the subnet's owner, write the network file with `blockzero genesis`, which fills it in",
    );
  }
  for (const [group, { data }] of Object.entries(groups))
    for (const { kind, sha256, bytes } of data) {
      const lacks =
        sha256 === undefined ? "sha256" : (kind === "jsonl" || kind === "pack") && bytes === undefined ? "bytes" : null;
      if (lacks === null) continue;
      throw new BlockZeroError(
        "NETWORK_UNPINNED",
        `groups.${group}.data: the source "${kind}" has no ${lacks}, so that everybody could take other text`,
        "as the subnet's owner, write the network file with `blockzero genesis`, which fills it in",
      );
    }
};
