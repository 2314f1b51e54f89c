import type { LocalStore } from "#shared/blobs/blob-store.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { partEncoder } from "#shared/model/part-encoder.js";
import type { NetworkTemplate } from "../network/network-template.js";
import { storeModel } from "./genesis.js";

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
