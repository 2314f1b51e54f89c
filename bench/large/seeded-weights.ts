import { writeSync } from "node:fs";
import { sizeOf } from "#shared/engine/tensor.js";
import { expertOf, routerLayerOf } from "#shared/model/parameters.js";
import { seededPiece } from "#shared/planning/seeded-pool.js";
import { type FloatDType, floatBytes, narrow } from "#shared/tensor-files/float-dtype.js";

/** Which weights of a generated model are drawn, beside norms, routers and attention. All else is zeros. */
export interface Seeds {
  /** Experts of every layer. */
  readonly own: readonly number[];
  /** First rows of embedding and head. */
  readonly rows: number;
}

export interface GeneratedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: FloatDType;
}

/** Standard deviation of a uniform distribution of this width is that of the usual initialisation. */
const WIDTH = 0.07;
/** Elements that are written at a time. */
const PIECE = 1 << 20;

/** Writes what is drawn of a tensor, from `offset` of the file on. The rest stays a hole, which reads as zeros and takes no disk. */
export const writeSeeded = (
  file: number,
  offset: number,
  { name, shape, dtype }: GeneratedTensor,
  seeds: Seeds,
): void => {
  const count = seededElements(name, shape, seeds);
  const centre = shape.length === 1 ? 1 : 0;
  // Routers decide clearly, so that tokens spread over experts.
  const width = routerLayerOf(name) === null ? WIDTH : 10 * WIDTH;
  for (let at = 0; at < count; at += PIECE) {
    const values = seededPiece(`${name} ${at}`, Math.min(PIECE, count - at));
    for (let i = 0; i < values.length; i++) values[i] = centre + width * values[i]!;
    const bytes = narrow(dtype, values);
    writeSync(file, bytes, 0, bytes.length, offset + at * floatBytes(dtype));
  }
};

/** How many of a tensor's elements are drawn: its first. */
const seededElements = (name: string, shape: readonly number[], { own, rows }: Seeds): number => {
  const elements = sizeOf(shape);
  const expert = expertOf(name);
  if (expert) return own.includes(expert.expert) ? elements : 0;
  const isTable = name === "model.embed_tokens.weight" || name === "lm_head.weight";
  if (isTable) return Math.min(rows, shape[0]!) * shape[1]!;
  return elements;
};
