import type { ErrorEntries } from "./entry.js";

export const storeErrors = {
  STORE_CREDENTIALS_MISSING: {
    meaning: "The environment lacks a credential of the store.",
    remedy: "Put it into the environment or `.env`; see [stores.md](stores.md).",
  },
  DISK_RESERVED: {
    meaning: "A file that a stranger named would leave less free on the disk than a cycle's model takes.",
    remedy: "Give `checkpoint_dir` more room: `blockzero-validator plan --miners N` says how much N updates take.",
  },
  STORE_FAILED: {
    meaning: "The folder of blobs or the store elsewhere cannot be read or written.",
    remedy: "Check free space, permissions and credentials.",
  },
  STORE_PUBLIC: {
    meaning: "The store is public, so updates could be read before their reveal.",
    remedy: "Make the repository private.",
  },
} as const satisfies ErrorEntries;
