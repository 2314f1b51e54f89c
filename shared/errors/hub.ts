import type { ErrorEntries } from "./entry.js";

export const hubErrors = {
  HUB_ADDRESS_INVALID: {
    meaning: "An address of the Hub cannot be read.",
    remedy: "Write `hf://owner/name@revision`.",
  },
  HUB_CONTENT_MISMATCH: {
    meaning: "The Hub gave or kept other bytes than the hash in its list of files names.",
    remedy: "Try again; take another repository where it stays so.",
  },
  HUB_FAILED: {
    meaning: "The Hub cannot be reached, refuses, is too slow, or answers what cannot be used.",
    remedy: "Check the address, `HF_TOKEN` and the connection, then run it again: it goes on where it stopped.",
  },
  HUB_LISTING_INVALID: {
    meaning: "A repository lists files that no folder here may hold.",
    remedy: "Take another repository.",
  },
  HUB_NOT_FOUND: {
    meaning: "The Hub knows no such repository or revision, or does not show it to this token.",
    remedy: "Check the name; a private one needs `HF_TOKEN`.",
  },
  HUB_PUBLIC: {
    meaning: "The repository is public, and `--private` was asked for.",
    remedy: "Make it private on the Hub, or leave the flag out.",
  },
  HUB_TOO_LARGE: {
    meaning: "The files of a repository are larger than the space that is left.",
    remedy: "Free space, name another place, or take a smaller repository.",
  },
  HUB_TOKEN_MISSING: {
    meaning: "Writing to the Hub needs a token.",
    remedy: "Put `HF_TOKEN` into the environment or `.env`.",
  },
} as const satisfies ErrorEntries;
