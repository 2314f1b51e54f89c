import type { LocalStore } from "#shared/blobs/blob-store.js";
import type { OpenCheckpoint } from "#shared/model/checkpoint-reader.js";
import { checkpointFloats } from "#shared/model/part-floats.js";
import type { NetworkTemplate } from "../network/network-template.js";
import { type StoreModelOptions, storeModel } from "./genesis.js";

export interface ImportOptions extends StoreModelOptions {
  /** Stops it between two pieces. */
  readonly signal?: AbortSignal;
}

/**
 * Stores a published checkpoint as the model of cycle 0, each tensor in its own precision, and gives the model's hash. Memory is the same for a model
 * of any size.
 *
 * @param checkpoint of the template's model
 * @throws BlockZeroError what `checkpointFloats` throws, STORE_FAILED; the signal's reason
 */
export const importCheckpoint = (
  store: LocalStore,
  template: Pick<NetworkTemplate, "model" | "groups" | "limits">,
  checkpoint: OpenCheckpoint,
  { signal, ...options }: ImportOptions = {},
): Promise<string> => {
  const floats = checkpointFloats(checkpoint);
  const stoppable: typeof floats = {
    ...floats,
    read: async function* (shapes) {
      for await (const piece of floats.read(shapes)) {
        signal?.throwIfAborted();
        yield piece;
      }
    },
  };
  return storeModel(store, template, stoppable, options);
};
