import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type FloatTensor, floatTensor } from "#shared/engine/tensor.js";
import { toFloats } from "#shared/tensor-files/float32.js";
import { parseSafetensors, type Tensor } from "#shared/tensor-files/safetensors.js";

const VECTORS = fileURLToPath(new URL("../../../../tests/vectors/qwen3-moe", import.meta.url));

/** What transformers computed for one of the models of `tests/vectors/qwen3-moe/make.py`. */
export interface Reference {
  readonly name: string;
  /** The checkpoint as `save_pretrained` wrote it. */
  readonly dir: string;
  /** Name → shape of every tensor of that checkpoint. */
  readonly keys: Readonly<Record<string, readonly number[]>>;
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** [batch × sequence], and the token after each. */
  readonly ids: BigInt64Array;
  readonly targets: BigInt64Array;
  readonly logits: FloatTensor;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, FloatTensor>>;
}

export const references = (): Reference[] =>
  readdirSync(VECTORS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => reference(name));

const reference = (name: string): Reference => {
  const dir = join(VECTORS, name);
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
    keys: z.record(z.string(), z.array(z.int())).parse(JSON.parse(readFileSync(join(dir, "keys.json"), "utf8"))),
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
