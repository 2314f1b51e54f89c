import { formatTypes, type Operator, shapeError, staticShape, type Value } from "../graph.js";
import { int, text } from "../onnx/emitter.js";
import { expectFloat } from "./elementwise.js";

const gatherRows: Operator<readonly [Value, Value], readonly [Value]> = {
  name: "Gather",
  infer: ([table, indices]) => {
    if (table.shape.length !== 2 || indices.dtype !== "int64") {
      throw shapeError("Gather", `needs a 2-D table and int64 indices, got ${formatTypes([table, indices])}`);
    }
    return [{ dtype: table.dtype, shape: [...indices.shape, table.shape[1]!] }];
  },
  lower: (node, emit) => emit.node("Gather", node.inputs, node.outputs, { attributes: { axis: int(0) } }),
  remade: true,
  gradient: ({ inputs: [table, indices] }, [g]) => [
    g && table.graph.apply(scatterRows(staticShape(table.shape, "Gather")), [indices, g])[0],
    undefined,
  ],
};

/**
 * Adds rows into a table of zeros. Rows with the same index are summed. Works element by element: ONNX Runtime 1.30 adds whole rows
 * (ScatterND) on several threads without a lock, and loses some of equal index.
 */
const scatterRows = (shape: readonly number[]): Operator<readonly [Value, Value], readonly [Value]> => ({
  name: "ScatterRows",
  infer: ([, rows]) => [{ dtype: expectFloat("ScatterRows", rows).dtype, shape }],
  lower: ({ inputs: [indices, rows], outputs }, emit) => {
    const zeros = emit.local("ConstantOfShape", [emit.ints(shape)]);
    const width = emit.ints([-1, shape[1]!]);
    const column = emit.local("Reshape", [indices, emit.ints([-1, 1])]);
    const elements = emit.local("Reshape", [rows, width]);
    const positions = emit.local("Expand", [column, emit.ints([1, shape[1]!])]);
    emit.node("ScatterElements", [zeros, positions, elements], outputs, {
      attributes: { axis: int(0), reduction: text("add") },
    });
  },
});

/** Rows of a table [rows, d] by int64 indices [...] → [..., d]: an embedding. Indices outside the table fail at run time. */
export const gather = (table: Value, indices: Value): Value => table.graph.apply(gatherRows, [table, indices])[0];
