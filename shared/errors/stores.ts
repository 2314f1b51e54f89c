import type { ErrorEntries } from "./entry.js";

export const storeErrors = {
  STORE_CREDENTIALS_MISSING: {
    meaning: "The environment lacks a credential of the store.",
    remedy: "Put it into the environment or `.env`; see [stores.md](stores.md).",
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
