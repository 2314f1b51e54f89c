import { type BlobStore, directoryStore } from "./blob-store.js";
import type { RemoteOptions } from "./remote-fault.js";
import type { StoreChoice } from "./store-setting.js";

/**
 * The store that the setting names. Null for `http`: then the participant's own disk is the only store. A service's library is loaded only
 * if it is used.
 *
 * @throws BlockZeroError STORE_CREDENTIALS_MISSING, STORE_PUBLIC, STORE_FAILED
 */
export const openStore = async (
  choice: StoreChoice,
  env: Readonly<Record<string, string | undefined>>,
  options: RemoteOptions = {},
): Promise<BlobStore | null> => {
  switch (choice.kind) {
    case "http":
      return null;
    case "directory":
      return directoryStore(choice.path, undefined, { isShared: true });
    case "s3":
      return (await import("./s3-store.js")).s3Store(choice, env, options);
    case "hf":
      return (await import("./hugging-face-store.js")).openHuggingFaceStore(choice.repo, env, options);
  }
};
