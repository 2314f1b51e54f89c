import type { Tensor } from "@tensorflow/tfjs-core";
import type { Attribute, Attributes } from "../../onnx/emitter.js";
import { dataType } from "../../onnx/fields.js";
import { broadcastShapes, integers, linearIndices } from "./indexing.js";
import type { Tf } from "./load.js";

/** Computes one ONNX node. int64 is int32 here. The caller frees intermediate tensors, as `tf.tidy` does. */
export type Kernel = (tf: Tf, inputs: readonly Tensor[], attributes: Attributes) => Tensor | Tensor[];

const number = (attribute: Attribute | undefined, otherwise: number): number =>
  attribute?.kind === "int" || attribute?.kind === "float" ? attribute.value : otherwise;

const unary =
  (name: "neg" | "exp" | "floor" | "log" | "sqrt" | "reciprocal" | "sigmoid" | "softmax" | "logSoftmax"): Kernel =>
  (tf, [x]) =>
    tf[name](x!);

const binary =
  (name: "add" | "sub" | "mul" | "maximum" | "equal"): Kernel =>
  (tf, [a, b]) =>
    tf[name](a!, b!);

const reduction =
  (reduce: (tf: Tf, x: Tensor, axes: number[], keepdims: boolean) => Tensor): Kernel =>
  (tf, [x, axes], { keepdims }) => {
    const reduced = integers(axes!);
    const keeps = number(keepdims, 1) === 1;
    // For an empty input, the wasm backend returns what its memory held before instead of zero.
    if (x!.size === 0)
      return tf.zeros(x!.shape.flatMap((size, axis) => (!reduced.includes(axis) ? size : keeps ? 1 : [])));
    return reduce(tf, x!, reduced, keeps);
  };

const reshaped =
  (shapeOf: (shape: readonly number[], argument: readonly number[]) => number[]): Kernel =>
  (tf, [x, argument]) =>
    tf.reshape(x!, shapeOf(x!.shape, integers(argument!)));

const matrixProduct: Kernel = (tf, [a, b], { transA, transB, alpha }) => {
  const [left, right] = [a!, b!];
  const [isLeftTurned, isRightTurned] = [number(transA, 0) === 1, number(transB, 0) === 1];
  const columns = right.shape.at(isRightTurned ? -2 : -1)!;
  const isFlat = right.rank === 2 && !isLeftTurned;
  const batch = broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2));
  const shape = [...batch, left.shape.at(isLeftTurned ? -1 : -2)!, columns];
  if (left.size === 0 || right.size === 0) return tf.zeros(shape);
  // The kernels need batches of equal size, or repeat the smaller one in another order than broadcasting does.
  const whole = (x: Tensor) => tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
  const product = isFlat
    ? tf.reshape(tf.matMul(tf.reshape(left, [-1, left.shape.at(-1)!]), right, false, isRightTurned), shape)
    : tf.matMul(whole(left), whole(right), isLeftTurned, isRightTurned);
  const factor = number(alpha, 1);
  return factor === 1 ? product : tf.mul(product, factor);
};

const rootMeanSquareNorm: Kernel = (tf, [x, weight], { epsilon }) => {
  const meanSquare = tf.mean(tf.square(x!), -1, true);
  return tf.mul(tf.div(x!, tf.sqrt(tf.add(meanSquare, number(epsilon, 0)))), weight!);
};

/** Element i of a head is rotated with element i + d/2. Positions count from 0. */
const rotaryEmbedding: Kernel = (tf, [x, , cos, sin]) => {
  const [left, right] = tf.split(x!, 2, -1);
  return tf.concat(
    [tf.sub(tf.mul(left!, cos!), tf.mul(right!, sin!)), tf.add(tf.mul(right!, cos!), tf.mul(left!, sin!))],
    -1,
  );
};

const largest: Kernel = (tf, [x, k], attributes) => {
  const smallestFirst = number(attributes.largest, 1) === 0;
  const { values, indices } = tf.topk(smallestFirst ? tf.neg(x!) : x!, integers(k!)[0]!, true);
  return [smallestFirst ? tf.neg(values) : values, indices];
};

const gatherElements: Kernel = (tf, [x, indices], { axis }) => {
  const flat = linearIndices(tf, x!.shape, indices!, number(axis, 0));
  return tf.reshape(tf.gather(tf.reshape(x!, [-1]), tf.reshape(flat, [-1])), indices!.shape);
};

const scatterElements: Kernel = (tf, [x, indices, updates], { axis, reduction }) => {
  const flat = tf.reshape(linearIndices(tf, x!.shape, indices!, number(axis, 0)), [-1, 1]);
  const scatter = (values: Tensor) => tf.reshape(tf.scatterND(flat, tf.reshape(values, [-1]), [x!.size]), x!.shape);
  if (reduction?.kind === "string" && reduction.value === "add") return tf.add(x!, scatter(updates!));
  return tf.where(tf.cast(scatter(tf.onesLike(updates!)), "bool"), scatter(updates!), x!);
};

/** By ONNX operator, with the attributes that the operators' lowerings write. */
export const kernels: Readonly<Record<string, Kernel>> = {
  Add: binary("add"),
  Cast: (tf, [x], { to }) => {
    if (number(to, 0) === dataType.float32) return tf.cast(x!, "float32");
    return number(to, 0) === dataType.bool ? tf.notEqual(x!, tf.zerosLike(x!)) : tf.cast(x!, "int32");
  },
  Concat: (tf, parts, { axis }) => tf.concat([...parts], number(axis, 0)),
  ConstantOfShape: (tf, [shape]) => tf.zeros(integers(shape!)),
  Div: (tf, [a, b]) => (a!.dtype === "int32" ? tf.floorDiv(a!, b!) : tf.div(a!, b!)),
  Equal: binary("equal"),
  Exp: unary("exp"),
  Expand: (tf, [x, shape]) => tf.broadcastTo(x!, broadcastShapes(x!.shape, integers(shape!))),
  Floor: unary("floor"),
  FusedMatMul: matrixProduct,
  Gather: (tf, [x, indices], { axis }) => tf.gather(x!, tf.cast(indices!, "int32"), number(axis, 0)),
  GatherElements: gatherElements,
  Identity: (tf, [x]) => tf.clone(x!),
  Log: unary("log"),
  LogSoftmax: unary("logSoftmax"),
  Max: binary("maximum"),
  Mul: binary("mul"),
  Neg: unary("neg"),
  OneHot: (tf, [indices, depth, values]) => {
    const [off, on] = values!.dataSync();
    return tf.cast(tf.oneHot(tf.cast(indices!, "int32"), integers(depth!)[0]!, on, off), "float32");
  },
  Pad: (tf, [x, pads, value, axes]) => {
    const [amounts, padded] = [integers(pads!), integers(axes!)];
    return tf.pad(
      x!,
      x!.shape.map((_, axis): [number, number] => {
        const at = padded.indexOf(axis);
        return at < 0 ? [0, 0] : [amounts[at]!, amounts[padded.length + at]!];
      }),
      value?.dataSync()[0],
    );
  },
  QuickGelu: (tf, [x], { alpha }) => tf.mul(x!, tf.sigmoid(tf.mul(x!, number(alpha, 1.702)))),
  Reciprocal: unary("reciprocal"),
  ReduceMean: reduction((tf, x, axes, keepdims) => tf.mean(x, axes, keepdims)),
  ReduceSum: reduction((tf, x, axes, keepdims) => tf.sum(x, axes, keepdims)),
  ReduceSumSquare: reduction((tf, x, axes, keepdims) => tf.sum(tf.square(x), axes, keepdims)),
  Reshape: reshaped((_, target) => [...target]),
  RotaryEmbedding: rotaryEmbedding,
  ScatterElements: scatterElements,
  Shape: (tf, [x], { start, end }) =>
    tf.tensor1d(x!.shape.slice(number(start, 0), number(end, x!.shape.length)), "int32"),
  Sigmoid: unary("sigmoid"),
  SimplifiedLayerNormalization: rootMeanSquareNorm,
  Slice: (tf, [x, starts, ends, axes]) => {
    const [begin, size] = [x!.shape.map(() => 0), [...x!.shape]];
    const [from, to] = [integers(starts!), integers(ends!)];
    for (const [i, axis] of integers(axes!).entries()) {
      begin[axis] = from[i]!;
      size[axis] = to[i]! - from[i]!;
    }
    return tf.slice(x!, begin, size);
  },
  Softmax: unary("softmax"),
  Split: (tf, [x, sizes], { axis }) => tf.split(x!, integers(sizes!), number(axis, 0)),
  Sqrt: unary("sqrt"),
  Squeeze: reshaped((shape, axes) => shape.filter((_, axis) => !axes.includes(axis))),
  Sub: binary("sub"),
  TopK: largest,
  Transpose: (tf, [x], { perm }) => tf.transpose(x!, perm?.kind === "ints" ? [...perm.value] : undefined),
  Unsqueeze: reshaped((shape, axes) => axes.reduce((made, axis) => made.toSpliced(axis, 0, 1), [...shape])),
};
