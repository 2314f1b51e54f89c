import { type Attribute, type Emitter, int, ints, type Reference, type Rewritings } from "../onnx/emitter.js";

/**
 * Replaces nodes for which ONNX Runtime 1.30's WebGPU provider has no kernel by nodes for which it has. Otherwise they would run on the
 * CPU, with copies in both directions.
 */
export const rewritings: Rewritings = {
  FusedMatMul: (emit, [a, b], outputs, attributes) => {
    const { transA, transB, alpha } = attributes;
    const factor = alpha?.kind === "float" ? alpha.value : 1;
    const [left, right] = [a!, b!];
    if (rankOf(left) === 2 && rankOf(right) === 2) {
      emit.node("Gemm", [left, right], outputs, { attributes });
      return;
    }
    const product = [transposed(emit, left, transA), transposed(emit, right, transB)];
    if (factor === 1) emit.node("MatMul", product, outputs);
    else emit.node("Mul", [emit.local("MatMul", product), emit.floats([factor], [])], outputs);
  },

  LogSoftmax: (emit, [x], outputs) => {
    const attributes = { keepdims: int(1) };
    const last = emit.ints([-1]);
    const shifted = emit.local("Sub", [x!, emit.local("ReduceMax", [x!, last], { attributes })]);
    const total = emit.local("ReduceSum", [emit.local("Exp", [shifted]), last], { attributes });
    emit.node("Sub", [shifted, emit.local("Log", [total])], outputs);
  },
};

const transposed = (emit: Emitter, x: Reference, flag: Attribute | undefined): Reference => {
  if (flag?.kind !== "int" || flag.value === 0) return x;
  const rank = rankOf(x);
  const perm = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return emit.local("Transpose", [x], { attributes: { perm: ints(perm) } });
};

const rankOf = (x: Reference): number => {
  if (typeof x === "string") throw new TypeError(`the rank of ${x} is unknown`);
  return x.shape.length;
};
