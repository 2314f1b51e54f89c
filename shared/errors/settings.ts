import type { ErrorEntries } from "./entry.js";

export const settingErrors = {
  CONFIG_DUPLICATE_KEY: { meaning: "A setting is given twice in one file.", remedy: "Keep one of the two." },
  CONFIG_INVALID_VALUE: {
    meaning: "A setting has a value that it cannot take.",
    remedy: "Give what the message names; see [configuration.md](configuration.md).",
  },
  CONFIG_MALFORMED: { meaning: "The settings file is no readable YAML.", remedy: "Correct the named line." },
  CONFIG_MISSING_KEY: { meaning: "A required setting is not given.", remedy: "Add it to the file, or give its flag." },
  CONFIG_NOT_FOUND: { meaning: "The settings file cannot be read.", remedy: "Check the path." },
  CONFIG_UNKNOWN_KEY: { meaning: "No setting has this name.", remedy: "Correct the name, or remove the key." },
  EXPERT_GROUP_UNKNOWN: {
    meaning: "`expert_group` names no group of the network file.",
    remedy: "Name one of those that the message lists.",
  },
  LOCATION_INVALID: {
    meaning: "`listen.public_url` does not fit into a record on chain.",
    remedy: "Give a shorter http(s) origin.",
  },
  LOCATION_PRIVATE: {
    meaning: "The address to announce is private, so others cannot reach it.",
    remedy: "Set `listen.public_url`; on one machine or LAN set `allow_private_addresses: true`.",
  },
} as const satisfies ErrorEntries;
