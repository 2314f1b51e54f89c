import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import { createCheckpoint } from "#shared/model/checkpoint-writer.js";
import { inMemory, type ModelTensors } from "#shared/model/model-tensors.js";
import { removeWhole } from "#shared/own-program/job-folder.js";
import { createWindowsFile } from "#shared/own-program/windows-file.js";
import { hashOf } from "#shared/participant/agreement/base-model.js";
import { modelConfigOf, type Network } from "#shared/protocol/network.js";
import { fromFloats } from "#shared/tensor-files/float32.js";
import { writeSafetensorsFile } from "#shared/tensor-files/safetensors-writer.js";

/** The folder of the model that a program measures, which is written anew for each other model. */
export interface ModelFolder {
  readonly path: string;
  holds(model: ModelTensors): boolean;
  /**
   * Writes a model, unless it is there.
   *
   * @param check is asked before each tensor, and throws where it is too late for it
   * @returns how many models were written so far: the version of what is there
   */
  write(model: ModelTensors, check: () => void): Promise<number>;
}

export const modelFolder = (path: string, network: Network): ModelFolder => {
  let written: ModelTensors | string | undefined;
  let version = 0;
  const holds = (model: ModelTensors): boolean => written === identityOf(model);
  return {
    path,
    holds,
    write: async (model, check) => {
      if (holds(model)) return version;
      written = undefined;
      await writeModel(path, network, model, check);
      written = identityOf(model);
      return ++version;
    },
  };
};

/** What another object of the same model has too, where it is known. */
const identityOf = (model: ModelTensors): ModelTensors | string => hashOf(model) ?? model;

const writeModel = async (dir: string, network: Network, model: ModelTensors, check: () => void): Promise<void> => {
  await removeWhole(dir);
  const writer = await createCheckpoint(dir, modelConfigOf(network), { separators: openTokenizer(network.data) });
  try {
    for (const [name, tensor] of Object.entries(model)) {
      check();
      await writer.write(name, await inMemory(tensor));
    }
    await writer.finish();
  } finally {
    await writer.discard();
  }
};

/** The weights that an update makes of the tensors that it changes. */
export const writeChange = async (path: string, model: ModelTensors, change: FloatTensors): Promise<void> => {
  const specs = [...change].map(([name, { shape }]) => [name, { dtype: "F32", shape }] as const);
  await writeSafetensorsFile(path, new Map(specs), { mode: 0o600 }, async (file) => {
    for (const [name, { shape, data }] of change) {
      const base = (await inMemory(model[name]!)).data;
      await file.write(name, fromFloats({ shape, data: data.map((delta, i) => base[i]! + delta) }).data);
    }
  });
};

/** The windows that losses are asked of. */
export const writeBatches = async (path: string, batches: readonly Batch[]): Promise<void> => {
  const [{ batchSize, sequenceLength, starts }] = batches as readonly [Batch];
  const count = batches.length * batchSize;
  const file = await createWindowsFile(path, { count, sequenceLength, isolated: starts !== undefined });
  try {
    for (const batch of batches) await file.write(batch);
    await file.finish();
  } finally {
    await file.discard();
  }
};
