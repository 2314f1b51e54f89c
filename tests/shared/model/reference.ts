import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type FloatTensor, floatTensor } from "#shared/engine/tensor.js";
import { toFloats } from "#shared/tensor-files/float32.js";
import { parseSafetensors, type Tensor } from "#shared/tensor-files/safetensors.js";

/** Where the vectors are. */
export const VECTORS = fileURLToPath(new URL("../../../../tests/vectors", import.meta.url));

/** What transformers computed for a model. */
export interface Reference {
  readonly name: string;
  /** The checkpoint as `save_pretrained` wrote it. */
  readonly dir: string;
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** [batch × sequence], and the token after each. */
  readonly ids: BigInt64Array;
  readonly targets: BigInt64Array;
  readonly logits: FloatTensor;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, FloatTensor>>;
}

/** The models of a folder of vectors, e.g. `qwen3-moe`. */
export const references = (folder: string): Reference[] =>
  readdirSync(join(VECTORS, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => reference(join(VECTORS, folder, name), name));

/** Name → shape of every tensor of a checkpoint, where the vectors say it. */
export const keysOf = ({ dir }: Reference): Readonly<Record<string, readonly number[]>> =>
  z.record(z.string(), z.array(z.int())).parse(JSON.parse(readFileSync(join(dir, "keys.json"), "utf8")));

const reference = (dir: string, name: string): Reference => {
  const { tensors } = parseSafetensors(readFileSync(join(dir, "reference.safetensors")));
  const floats = (key: string) => floatTensor(toFloats(tensors.get(key)!), tensors.get(key)!.shape);
  const rows = tensors.get("ids")!;
  const [batchSize, width] = rows.shape as readonly [number, number];
  const sequenceLength = width - 1;
  const all = integers(rows);
  const shifted = (by: number) =>
    BigInt64Array.from(
      { length: batchSize * sequenceLength },
      (_, i) => all[Math.floor(i / sequenceLength) * width + (i % sequenceLength) + by]!,
    );
  return {
    name,
    dir,
    batchSize,
    sequenceLength,
    ids: shifted(0),
    targets: shifted(1),
    logits: floats("logits"),
    loss: floats("loss").data[0]!,
    gradients: Object.fromEntries(
      [...tensors.keys()]
        .filter((key) => key.startsWith("grad."))
        .map((key) => [key.slice("grad.".length), floats(key)]),
    ),
  };
};

const integers = ({ data }: Tensor): bigint[] => {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: data.byteLength / 8 }, (_, i) => view.getBigInt64(8 * i, true));
};
