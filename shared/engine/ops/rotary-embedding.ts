import { formatTypes, type Operator, shapeError, type Value } from "../graph.js";
import { expectFloat } from "./elementwise.js";
import { neg } from "./neg.js";
import { slice } from "./slice.js";

type Inputs = readonly [x: Value, cos: Value, sin: Value];

/** The inverse rotation is the rotation by −θ. */
const operator: Operator<Inputs, readonly [Value]> = {
  name: "RotaryEmbedding",
  infer: ([x, cos, sin]) => {
    expectFloat("RotaryEmbedding", x);
    const [, , tokens, width] = x.shape;
    const tabled = (table: Value) =>
      table.shape.length === 2 && table.shape[0] === tokens && Number(table.shape[1]) * 2 === width;
    if (x.shape.length !== 4 || !tabled(cos) || !tabled(sin)) {
      throw shapeError(
        "RotaryEmbedding",
        `needs x [b, h, t, d], cos and sin [t, d/2], got ${formatTypes([x, cos, sin])}`,
      );
    }
    return [x];
  },
  lower: ({ inputs: [x, cos, sin], outputs }, emit) =>
    emit.node("RotaryEmbedding", [x, emit.ints([0]), cos, sin], outputs, { domain: "com.microsoft" }),
  remade: true,
  gradient: ({ inputs: [, cos, sin] }, [g]) => [g && rotaryEmbedding(g, cos, neg(sin)), undefined, undefined],
};

/**
 * Rotary position embedding (Su et al. 2021) in Hugging Face's `rotate_half` convention: element i of a head is rotated with element i +
 * d/2. x [batch, heads, tokens, d]; cos and sin of the angles [tokens, d/2], or [tokens, d] with equal halves. The tables get no gradient.
 */
export const rotaryEmbedding = (x: Value, cos: Value, sin: Value): Value => {
  const half = (table: Value): Value => {
    const width = table.shape.at(-1);
    return width === x.shape.at(-1) && typeof width === "number"
      ? slice(table, { axis: -1, start: 0, end: width / 2 })
      : table;
  };
  return x.graph.apply(operator, [x, half(cos), half(sin)])[0];
};
