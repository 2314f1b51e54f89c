import { constantScalar, sameShape, type Value } from "../graph.js";
import { binary, broadcast } from "./elementwise.js";
import { sumTo } from "./sum-to.js";

const multiply = binary(
  "Mul",
  (g, a, b, _y, needs) => [
    needs[0] ? sumTo(mul(g, b), a.shape) : undefined,
    needs[1] ? sumTo(mul(g, a), b.shape) : undefined,
  ],
  { remade: true },
);

/** a · b, broadcasting. */
export const mul = (a: Value, b: Value): Value => {
  const shape = broadcast("Mul", a.shape, b.shape);
  if (constantScalar(a) === 1 && sameShape(shape, b.shape)) return b;
  if (constantScalar(b) === 1 && sameShape(shape, a.shape)) return a;
  return multiply(a, b);
};
