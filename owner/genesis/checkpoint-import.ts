import type { LocalStore } from "#shared/blobs/blob-store.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { checkpointFloats } from "#shared/model/part-floats.js";
import type { NetworkTemplate } from "../network/network-template.js";
import { storeModel } from "./genesis.js";

/**
 * Stores a published checkpoint as the model of cycle 0, each tensor in its own precision, and gives the model's hash. Memory is the same for a model of any size.
 *
 * @param signal stops it between two pieces
 * @param onNote told what a person should know of how the folder was read
 * @throws BlockZeroError what `openCheckpoint` and `checkpointFloats` throw, STORE_FAILED; the signal's reason
 */
export const importCheckpoint = async (
  store: LocalStore,
  template: Pick<NetworkTemplate, "model" | "groups" | "limits">,
  dir: string,
  signal?: AbortSignal,
  onNote?: (note: string) => void,
): Promise<string> => {
  const checkpoint = await openCheckpoint(dir, { model: template.model, authority: "the network template" });
  for (const note of checkpoint.notes) onNote?.(note);
  const floats = checkpointFloats(checkpoint);
  try {
    return await storeModel(store, template, {
      ...floats,
      read: async function* (shapes) {
        for await (const piece of floats.read(shapes)) {
          signal?.throwIfAborted();
          yield piece;
        }
      },
    });
  } finally {
    await checkpoint.close();
  }
};
