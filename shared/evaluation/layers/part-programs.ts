import type { AnyTensors, Device, DeviceTensor, Program } from "#shared/engine/device.js";
import type { StoredTensors } from "#shared/engine/stored-tensor.js";
import type { FloatTensor } from "#shared/engine/tensor.js";
import { inMemory, isInFile, type ModelTensors } from "#shared/model/model-tensors.js";
import type { ModelPart } from "./layer-graphs.js";

/** A part of a model, ready to run: its weights are mapped from their files, or on the device. */
export interface OpenPart {
  readonly program: Program;
  /** The weights that a run is fed with. */
  readonly weights: AnyTensors;
  close(): Promise<void>;
}

/** Opens parts of models one after another. A program without weights from files is compiled once for all layers of a kind. */
export interface PartPrograms {
  /**
   * @param open names of the model's weights that a caller feeds itself, in the names of the part
   */
  open(part: ModelPart, model: ModelTensors, open?: ReadonlySet<string>): Promise<OpenPart>;
  dispose(): Promise<void>;
}

export const partPrograms = (device: Device): PartPrograms => {
  const kept = new Map<ModelPart["outputs"], Program>();
  const compileOnce = async ({ graph, outputs }: ModelPart): Promise<Program> => {
    const known = kept.get(outputs) ?? (await device.compile(graph, outputs));
    kept.set(outputs, known);
    return known;
  };
  return {
    async open(part, model, open = new Set()) {
      const stored: Record<string, StoredTensors[string]> = {};
      const weights: Record<string, DeviceTensor> = {};
      const free = () => {
        for (const tensor of Object.values(weights)) tensor.dispose();
      };
      try {
        for (const [own, name] of part.weights) {
          if (open.has(name)) continue;
          const tensor = model[name]!;
          if (isInFile(tensor) && device.mapsFiles) stored[own] = tensor;
          else weights[own] = await device.upload(await inMemory(tensor));
        }
        const isMapped = Object.keys(stored).length > 0;
        const program = isMapped ? await device.compile(part.graph, part.outputs, { stored }) : await compileOnce(part);
        return {
          program,
          weights,
          async close() {
            free();
            if (isMapped) await program.dispose();
          },
        };
      } catch (thrown) {
        free();
        throw thrown;
      }
    },
    async dispose() {
      for (const program of kept.values()) await program.dispose();
    },
  };
};

/** The tensors on a device, for as long as `work` runs. */
export const withUploaded = async <T>(
  device: Device,
  tensors: Readonly<Record<string, FloatTensor>>,
  work: (uploaded: AnyTensors) => Promise<T>,
): Promise<T> => {
  const uploaded: Record<string, DeviceTensor> = {};
  try {
    for (const [name, tensor] of Object.entries(tensors)) uploaded[name] = await device.upload(tensor);
    return await work(uploaded);
  } finally {
    for (const tensor of Object.values(uploaded)) tensor.dispose();
  }
};
