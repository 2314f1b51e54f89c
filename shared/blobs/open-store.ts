import { type BlobStore, directoryStore } from "./blob-store.js";
import type { StoreChoice } from "./store-setting.js";

/**
 * The store that the setting names; null for `http`, where the own server's disk is all there is. A service's library is loaded only
 * where it is used.
 *
 * @param answerMs how long a service is waited for, in milliseconds; a minute unless given
 * @throws BlockZeroError STORE_CREDENTIALS_MISSING, STORE_PUBLIC, STORE_FAILED
 */
export const openStore = async (
  choice: StoreChoice,
  env: Readonly<Record<string, string | undefined>>,
  answerMs?: number,
): Promise<BlobStore | null> => {
  switch (choice.kind) {
    case "http":
      return null;
    case "directory":
      return directoryStore(choice.path);
    case "s3":
      return (await import("./s3-store.js")).s3Store(choice, env, answerMs);
    case "hf":
      return (await import("./hugging-face-store.js")).openHuggingFaceStore(choice.repo, env, answerMs);
  }
};
