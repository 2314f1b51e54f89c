import type { Tensor } from "@tensorflow/tfjs-core";
import { broadcast } from "../../ops/elementwise.js";
import { sizeOf } from "../../tensor.js";
import type { Tf } from "./load.js";

/** The elements of an integer tensor that is a parameter of a computation: a shape, axes, counts. */
export const integers = (x: Tensor): number[] => Array.from(x.dataSync());

export const broadcastShapes = (a: readonly number[], b: readonly number[]): number[] =>
  broadcast("broadcast", a, b).map(Number);

/**
 * Linear indices of elements in x: `indices` gives the index along one axis, a negative one from its end; the own position gives it along the others.
 */
export const linearIndices = (tf: Tf, shape: readonly number[], indices: Tensor, axis: number): Tensor => {
  const along = axis < 0 ? axis + shape.length : axis;
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  const base = Int32Array.from({ length: indices.size }, (_, flat) => {
    let rest = flat;
    let offset = 0;
    for (let i = shape.length - 1; i >= 0; i--) {
      const size = indices.shape[i]!;
      if (i !== along) offset += (rest % size) * strides[i]!;
      rest = Math.floor(rest / size);
    }
    return offset;
  });
  const given = tf.cast(indices, "int32");
  const fromStart = tf.where(
    tf.less(given, tf.scalar(0, "int32")),
    tf.add(given, tf.scalar(shape[along]!, "int32")),
    given,
  );
  const positions = tf.mul(fromStart, tf.scalar(strides[along]!, "int32"));
  return tf.add(positions, tf.tensor(base, indices.shape, "int32"));
};
