import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { BlockZeroError } from "#shared/errors/error.js";
import { fromFloats, toFloats } from "#shared/tensor-files/float32.js";
import { openSafetensorsFile } from "#shared/tensor-files/safetensors-file.js";
import { writeSafetensorsFile } from "#shared/tensor-files/safetensors-writer.js";
import type { FloatSource } from "./float-source.js";
import type { FrozenSource } from "./frozen-source.js";
import type { Shapes } from "./objective.js";
import { STATE_PARTS, type StatePart } from "./step-backend.js";
import type { StateTensor } from "./train-step.js";

const PRIVATE = 0o600;

/** Writes a state as one safetensors file, tensor by tensor. The file appears whole or not at all. @throws FILE_UNWRITABLE */
export const writeState = async (path: string, shapes: Shapes, tensors: AsyncIterable<StateTensor>): Promise<void> => {
  const specs = STATE_PARTS.flatMap((part) =>
    Object.entries(shapes).map(([name, shape]) => [`${part}/${name}`, { dtype: "F32", shape }] as const),
  );
  await writeSafetensorsFile(path, new Map(specs), { mode: PRIVATE }, async (file) => {
    for await (const { part, name, tensor } of tensors) await file.write(`${part}/${name}`, fromFloats(tensor).data);
  });
};

/** A state that `writeState` wrote, of which no more is in memory than is read. Close it. */
export interface OpenState {
  /** Reading throws SAFETENSORS_INVALID, CHECKPOINT_MISMATCH, FILE_UNREADABLE. */
  part(part: StatePart): FloatSource;
  close(): Promise<void>;
}

/** @throws BlockZeroError SAFETENSORS_INVALID, FILE_UNREADABLE */
export const openState = async (path: string, shapes: Shapes): Promise<OpenState> => {
  const { header, read, close } = await openSafetensorsFile(path);
  return {
    part: (part) => ({
      shapes,
      async read(name) {
        const shape = shapes[name]!;
        const info = header.tensors.get(`${part}/${name}`);
        if (info?.dtype !== "F32" || `${info.shape}` !== `${shape}`)
          throw new BlockZeroError(
            "CHECKPOINT_MISMATCH",
            `${path} does not hold ${part} of ${name} as F32 [${shape}]`,
            "delete the checkpoint",
          );
        const data = new Uint8Array(info.end - info.begin);
        await read(`${part}/${name}`, data);
        return { dtype: "float32", shape, data: toFloats({ data }) };
      },
    }),
    close,
  };
};

/** SHA-256 of a file, 64 hex digits, computed in little memory. */
export const hashFile = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
};

/** Writes tensors of one group or hub to a safetensors file, for another process of this machine. @throws FILE_UNWRITABLE */
export const writeFloats = async (path: string, { shapes, read }: FloatSource): Promise<void> => {
  const specs = Object.entries(shapes).map(([name, shape]) => [name, { dtype: "F32", shape }] as const);
  await writeSafetensorsFile(path, new Map(specs), { mode: PRIVATE }, async (file) => {
    for (const name of Object.keys(shapes)) await file.write(name, fromFloats(await read(name)).data);
  });
};

/** Weights that are read from a file, a tensor or some rows at a time. Close it. */
export interface OpenWeights extends FrozenSource {
  close(): Promise<void>;
}

/** Opens a file that `writeFloats` wrote. @throws BlockZeroError SAFETENSORS_INVALID, FILE_UNREADABLE */
export const openFloats = async (path: string): Promise<OpenWeights> => {
  const { header, read, close } = await openSafetensorsFile(path);
  return {
    shapes: Object.fromEntries([...header.tensors].map(([name, { shape }]) => [name, shape])),
    async read(name) {
      const { shape, begin, end } = header.tensors.get(name)!;
      const data = new Uint8Array(end - begin);
      await read(name, data);
      return { dtype: "float32", shape, data: toFloats({ data }) };
    },
    async rows(name, first, end) {
      const { shape, begin, end: after } = header.tensors.get(name)!;
      const bytes = (after - begin) / shape[0]!;
      const data = new Uint8Array((end - first) * bytes);
      await read(name, data, first * bytes);
      return { dtype: "float32", shape: shape.with(0, end - first), data: toFloats({ data }) };
    },
    close,
  };
};
