import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkDiskRoom } from "#shared/hub/disk-room.js";
import type { HubFile } from "#shared/hub/hub-file.js";
import { openCheckpointFolder } from "#shared/model/checkpoint-folder.js";
import { CONFIG_FILE } from "#shared/model/checkpoint-layout.js";
import { MAX_CONFIG_BYTES } from "#shared/model/checkpoint-reader.js";
import { dtypeOf } from "#shared/model/huggingface-config.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";

export interface RoomOptions {
  /** Of the checkpoint, whose weights are not there yet. */
  readonly dir: string;
  readonly weights: readonly HubFile[];
  /** Bytes of them that are still to be fetched. */
  readonly missing: number;
  /** What the network begins with. */
  readonly model: ModelConfig;
  /** Whether it is made of the checkpoint in memory, and so stored in float32. */
  readonly isMade: boolean;
  /** Where the model's blobs will lie. */
  readonly blobs: string;
}

/**
 * Before weights are fetched: these and the model's blobs, which are stored of them, must fit onto the disk together.
 *
 * @throws BlockZeroError HUB_TOO_LARGE
 */
export const checkRoom = async ({ dir, weights, missing, model, isMade, blobs }: RoomOptions): Promise<void> => {
  const parameters = countParameters(parameterShapes(model));
  const bytesEach =
    dtypeOf(await (await openCheckpointFolder(dir)).json(CONFIG_FILE, MAX_CONFIG_BYTES)) === "F32" ? 4 : 2;
  const files = weights.reduce((sum, { size }) => sum + size, 0);
  // A config that names no precision is taken for float32, which the files' size corrects.
  const stored = isMade ? 4 * parameters : Math.min(bytesEach * parameters, files);
  const needed = missing + Math.max(0, stored - (await bytesIn(blobs)));
  await checkDiskRoom(dir, needed, `the checkpoint and the model's blobs in ${blobs} take ${needed} bytes more`);
};

/** What an earlier call stored. */
const bytesIn = async (dir: string): Promise<number> => {
  let bytes = 0;
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []))
    if (entry.isFile()) bytes += await stat(join(entry.parentPath, entry.name)).then(({ size }) => size);
  return bytes;
};
