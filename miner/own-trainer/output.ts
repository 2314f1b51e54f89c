import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { sizeOf } from "#shared/engine/tensor.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { quote } from "#shared/protocol/parsed.js";
import { toFloats } from "#shared/tensor-files/float32.js";
import { placeInFile } from "#shared/tensor-files/place-in-file.js";
import { readPlace } from "#shared/tensor-files/read-place.js";
import { OFFICIAL_SAFETENSORS_LIMITS } from "#shared/tensor-files/safetensors.js";
import { openSafetensorsFile, type SafetensorsFile } from "#shared/tensor-files/safetensors-file.js";
import type { FloatSource } from "#shared/training/float-source.js";

/** A checkpoint that a program left, by its name. */
export interface OutputFile {
  readonly step: number;
  readonly path: string;
}

/** What a checkpoint holds, as an update. */
export interface OutputUpdate {
  /** Each tensor is read from the file and the base when it is asked for, so both must stay until then. */
  readonly update: FloatSource;
  /** Tokens as its metadata says them; undefined where it does not. */
  readonly tokens: number | undefined;
}

const NAME = /^experts-([1-9]\d{0,8})\.safetensors$/;

/** The newest checkpoints are kept: the last one may be cut short by a fault of its program. */
const KEPT = 2;

/** The complete checkpoints of a folder, the newest first. A file under another name is being written, or is none. */
export const outputFiles = async (dir: string): Promise<readonly OutputFile[]> => {
  const names = await readdir(dir).catch(() => []);
  return names
    .flatMap((name) => {
      const step = NAME.exec(name)?.[1];
      return step === undefined ? [] : [{ step: Number(step), path: join(dir, name) }];
    })
    .sort((a, b) => b.step - a.step);
};

/** Removes all but the newest checkpoints, also folders of such a name. What cannot be removed stays, and counts as written. */
export const pruneOutput = async (dir: string): Promise<void> => {
  for (const { path } of (await outputFiles(dir)).slice(KEPT))
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
};

/**
 * What a checkpoint gained over the base: exactly the group's tensors, float32, each finite, at least one of them another than before.
 *
 * @throws BlockZeroError TRAINER_OUTPUT_INVALID saying what is wrong with it and what to do
 */
export const readOutput = async ({ path }: OutputFile, base: FloatSource): Promise<OutputUpdate> => {
  const file = await openOutput(path, base.shapes);
  try {
    let hasChanged = false;
    for (const name of Object.keys(base.shapes)) {
      const { begin, end } = file.header.tensors.get(name)!;
      const bytes = new Uint8Array(end - begin);
      await reading(path, () => file.read(name, bytes));
      const data = toFloats({ data: bytes });
      const before = (await base.read(name)).data;
      for (let i = 0; i < data.length; i++) {
        const value = data[i]!;
        if (!Number.isFinite(value))
          throw invalid(
            path,
            `element ${i} of tensor ${name} is ${value}`,
            "lower the learning rate, or clip gradients",
          );
        if (value !== before[i]) hasChanged = true;
      }
    }
    if (!hasChanged)
      throw invalid(path, "no element differs from the shard's first weights", "write the trained weights");
    return { update: gainOver(base, file), tokens: tokensOf(file) };
  } finally {
    await file.close();
  }
};

/** What the tensors of a file are more than the base's. */
const gainOver = (base: FloatSource, file: SafetensorsFile): FloatSource => {
  const places = new Map(Object.keys(base.shapes).map((name) => [name, placeInFile(file, name)]));
  return {
    shapes: base.shapes,
    async read(name) {
      const place = places.get(name)!;
      const data = await reading(place.path, () => readPlace(place));
      const before = (await base.read(name)).data;
      for (let i = 0; i < data.length; i++) data[i]! -= before[i]!;
      return { dtype: "float32", shape: place.shape, data };
    },
  };
};

/** Room in a file for what is not data. */
const HEADER_BYTES = OFFICIAL_SAFETENSORS_LIMITS.headerBytes + 8;

const openOutput = async (path: string, shapes: FloatSource["shapes"]): Promise<SafetensorsFile> => {
  const found = await reading(path, () => lstat(path));
  if (!found.isFile())
    throw invalid(path, "it is a link, a folder or a device", "write a file, and rename it to this name");
  const bytes = Object.values(shapes).reduce((sum, shape) => sum + 4 * sizeOf(shape), 0);
  if (found.size > bytes + HEADER_BYTES)
    throw invalid(path, `it has ${found.size} bytes, the tensors take ${bytes}`, "write the group's experts alone");
  const file = await reading(path, () => openSafetensorsFile(path, OFFICIAL_SAFETENSORS_LIMITS));
  try {
    checkTensors(path, file, shapes);
    return file;
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
};

const checkTensors = (path: string, { header: { tensors } }: SafetensorsFile, shapes: FloatSource["shapes"]): void => {
  const hint = 'take names and shapes from "trained" of job.json';
  for (const [name, shape] of Object.entries(shapes)) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw invalid(path, `tensor ${name} is missing`, hint);
    if (`${tensor.shape}` !== `${shape}`)
      throw invalid(path, `tensor ${name} is [${tensor.shape}], not [${shape}]`, hint);
    if (tensor.dtype !== "F32")
      throw invalid(
        path,
        `tensor ${name} is ${tensor.dtype}, not F32`,
        "keep float32 weights beside those of the products",
      );
  }
  const extra = [...tensors.keys()].find((name) => !Object.hasOwn(shapes, name));
  if (extra !== undefined) throw invalid(path, `tensor ${quote(extra)} is not one that the group trains`, hint);
};

const tokensOf = ({ header: { metadata } }: SafetensorsFile): number | undefined => {
  const tokens = /^\d{1,15}$/.exec(metadata.get("tokens") ?? "")?.[0];
  return tokens === undefined ? undefined : Number(tokens);
};

const reading = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    const hint = "write it under another name in the same folder, then rename it";
    throw invalid(path, reasonOf(cause), cause instanceof BlockZeroError ? hint : "see that it stays while it is read");
  }
};

const invalid = (path: string, problem: string, hint: string) =>
  new BlockZeroError("TRAINER_OUTPUT_INVALID", `${path}: ${problem}`, hint);
