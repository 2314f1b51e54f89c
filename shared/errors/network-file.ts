import type { ErrorEntries } from "./entry.js";

export const networkFileErrors = {
  GROUPS_TOO_MANY: {
    meaning: "There are more groups than a layer has experts.",
    remedy: "Name fewer corpora, or take a model of more experts.",
  },
  EXPERT_GROUP_INVALID: {
    meaning: "An expert group lists experts that the model lacks, or that another group has.",
    remedy: "List for every layer expert ids that no other group lists.",
  },
  GROUP_UNKNOWN: { meaning: "A command names a group that the network file lacks.", remedy: "Name one that it has." },
  NETWORK_BEACON_INVALID: {
    meaning: "A beacon's public key is not a point of its curve.",
    remedy: "Copy the key from `blockzero genesis --beacon` or `blockzero seal`.",
  },
  NETWORK_CHANGED: {
    meaning: "The owner published a network file that begins anew, or one that this version cannot read is in force.",
    remedy: "Start again; update BlockZero where that does not help.",
  },
  NETWORK_BEGINS_EARLY: {
    meaning:
      "The network file's first cycle was over before the subnet existed, so that nobody could read that cycle's records.",
    remedy: "Make the genesis again with `--first-cycle auto`.",
  },
  NETWORK_CHANGE_LATE: {
    meaning: "The first cycle of a changed network file has begun already.",
    remedy: "Publish it again with a later `--from-cycle`.",
  },
  NETWORK_CHANGE_UNDATED: {
    meaning: "`--from-cycle` is given for a change that begins anew from genesis.",
    remedy: "Leave the option out.",
  },
  NETWORK_FILE_INVALID: {
    meaning: "A field of the network file is wrong.",
    remedy: "Correct it; see [network-file.md](network-file.md).",
  },
  NETWORK_FILE_MALFORMED: { meaning: "The network file is no readable YAML.", remedy: "Correct the named line." },
  NETWORK_FILE_NEEDED: {
    meaning: "A block says nothing without the network's phase lengths.",
    remedy: "Give `--network FILE`, or ask the chain.",
  },
  NETWORK_FILE_NOT_FOUND: { meaning: "The network file cannot be read.", remedy: "Check the path." },
  NETWORK_FORMER_MISSING: {
    meaning: "The network file that is in force cannot be fetched.",
    remedy: "Keep its publisher or a validator running, or copy its blob into the directory.",
  },
  NETWORK_MISMATCH: {
    meaning: "The given network file differs from the one that the subnet runs.",
    remedy: "Take the owner's file, or leave `network` out: then it is fetched.",
  },
  NETWORK_MISSING: {
    meaning: "Nobody sends the network file that validators work under already.",
    remedy: "Ask the owner to keep `blockzero publish` running, or set `network` to the file.",
  },
  NETWORK_NOT_PUBLISHED: {
    meaning: "The subnet's owner has not published a network file.",
    remedy: "Wait for `blockzero publish`.",
  },
  NETWORK_SUCCEEDED: {
    meaning: "Another network file is in force from this cycle on.",
    remedy: "Nothing: the program goes over to it.",
  },
  NETWORK_TEMPLATE_INVALID: {
    meaning: "A field of the network template is wrong.",
    remedy: "Correct it; see [network-file.md](network-file.md).",
  },
  NETWORK_TEMPLATE_MALFORMED: {
    meaning: "The network template or a group file is no readable YAML.",
    remedy: "Correct the named line.",
  },
  NETWORK_TEMPLATE_NOT_FOUND: {
    meaning: "The network template or a group file cannot be read.",
    remedy: "Check the path.",
  },
  NETWORK_UNWORKABLE: {
    meaning: "The values of the network file do not fit each other or the protocol.",
    remedy: "Change those that the line names; see [network-file.md](network-file.md).",
  },
  SPRINT_PROFILE_UNSUPPORTED: {
    meaning: "The network file has Sprints that their arithmetic, `sprint.profile`, cannot play.",
    remedy: "As the owner, change the key that the line names, or set `sprint.profile` to `exact`.",
  },
  NETWORK_UNPINNED: {
    meaning: "The network file does not name some of its text by content.",
    remedy: "Write it with `blockzero genesis`.",
  },
} as const satisfies ErrorEntries;
