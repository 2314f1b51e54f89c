import type { ErrorEntries } from "./entry.js";

/** Of the sealed text that a cycle is evaluated on. */
export const sealedTextErrors = {
  SEALED_TEXT_MALFORMED: { meaning: "Sealed text cannot be read.", remedy: "Ask the owner to seal it again." },
  SEALED_TEXT_MISSING: {
    meaning: "The index of a group's sealed text cannot be fetched.",
    remedy: "Ask the owner to keep `blockzero publish` running, then start again.",
  },
  SEALED_TEXT_NONE: {
    meaning: "No envelope of the sealed text opens for this cycle.",
    remedy: "Ask the owner to seal more, before the last envelope opens.",
  },
  SEALED_TEXT_PULSE_INVALID: {
    meaning: "The chain has a pulse that the beacon of the sealed text did not sign.",
    remedy: "Check that the network file names the beacon that the chain follows.",
  },
  SEALED_TEXT_PULSE_MISSING: {
    meaning: "The chain lacks the beacon's pulse that opens the text.",
    remedy: "Use an endpoint that has it; runtimes keep about a week of rounds.",
  },
} as const satisfies ErrorEntries;

/** Of `blockzero seal`. */
export const sealErrors = {
  BLOCK_TIME_UNKNOWN: {
    meaning: "The chain has too few blocks to tell how long one takes.",
    remedy: "Say it with `--block-time`.",
  },
  SEAL_PUBLIC: {
    meaning: "Documents to be sealed are in a public source.",
    remedy: "Seal documents that nobody else has.",
  },
  SEAL_TOO_LARGE: {
    meaning: "An envelope would be larger than is allowed.",
    remedy: "Give a smaller `--envelope`, or split the longest documents.",
  },
  SEAL_TOO_LITTLE: {
    meaning: "The documents do not fill one envelope.",
    remedy: "Give more text, or a smaller `--envelope`.",
  },
  SEAL_TOO_SPARSE: {
    meaning: "Envelopes open so seldom that some cycles would have none.",
    remedy: "Give a smaller `--spacing`, or correct `--block-time`.",
  },
} as const satisfies ErrorEntries;
