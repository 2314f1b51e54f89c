import type { LocalStore } from "#shared/artifact/blob-store.js";
import { partEncoder } from "#shared/model/checkpoint-part.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { storeModel } from "./genesis.js";
import type { NetworkTemplate } from "./network-template.js";

/**
 * Stores a published checkpoint as the model of cycle 0 and gives the model's hash. In memory is its largest
 * tensor.
 *
 * @param signal stops it between two parts
 * @throws BlockZeroError what `openCheckpoint` and `PartEncoder` throw, STORE_FAILED; the signal's reason
 */
export const importCheckpoint = async (
  store: LocalStore,
  template: Pick<NetworkTemplate, "model" | "groups">,
  dir: string,
  signal?: AbortSignal,
): Promise<string> => {
  const checkpoint = await openCheckpoint(dir, { model: template.model, authority: "the network template" });
  const parts = partEncoder(checkpoint);
  try {
    return await storeModel(store, template, (shapes, what) => {
      signal?.throwIfAborted();
      return parts.encode(shapes, what);
    });
  } finally {
    await checkpoint.close();
  }
};
