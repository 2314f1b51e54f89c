import { createRandom } from "#shared/data/random.js";
import type { FloatTensor } from "#shared/engine/tensor.js";
import type { Parameters } from "#shared/model/parameters.js";
import { map } from "../../support/updates.js";

/** Enough for directions that differ by some per cent in size. */
const ROUNDS = 60;

/**
 * A matrix as the sum of matrices of rank one, the largest first: its singular values with their directions, by power iteration, each on what
 * the ones before leave. All of them, fewer where nothing is left.
 */
export const singularParts = ({ shape, data }: FloatTensor): readonly Float32Array[] => {
  const [rows, columns] = [shape[0]!, shape[1]!];
  const random = createRandom("singular");
  const rest = Float64Array.from(data);
  const parts: Float32Array[] = [];
  for (let count = Math.min(rows, columns); count > 0; count--) {
    let right = Float64Array.from({ length: columns }, () => random.next() - 0.5);
    let left = new Float64Array(rows);
    for (let round = 0; round < ROUNDS; round++) {
      left = left.map((_, row) => right.reduce((sum, value, column) => sum + rest[row * columns + column]! * value, 0));
      left = unit(left);
      right = right.map((_, column) =>
        left.reduce((sum, value, row) => sum + rest[row * columns + column]! * value, 0),
      );
      if (round < ROUNDS - 1) right = unit(right);
    }
    if (!right.some((value) => value !== 0)) break;
    // The last direction keeps its length, which is the singular value.
    const part = Float32Array.from(data, (_, i) => left[Math.floor(i / columns)]! * right[i % columns]!);
    for (let i = 0; i < rest.length; i++) rest[i] = rest[i]! - part[i]!;
    parts.push(part);
  }
  return parts;
};

/** The tensors that are sums of these parts of each. */
export const sumOfParts = (like: Parameters, partsOf: (name: string) => readonly Float32Array[]): Parameters => {
  const parts = new Map(Object.keys(like).map((name) => [name, partsOf(name)]));
  return map(like, (_, name, i) => parts.get(name)!.reduce((sum, part) => sum + part[i]!, 0));
};

const unit = (vector: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map((value) => value / length) : vector;
};
