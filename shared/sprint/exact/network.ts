import { Graph, type Value } from "#shared/engine/graph.js";
import { add, floor, matmul, mul, scale, sub } from "#shared/engine/ops/index.js";
import { type ExactDials, shapeOf } from "./dials.js";

/** A piece of a weight tensor: rows [first, first + rows) of [inner, width]. */
export interface Tile {
  readonly name: string;
  /** Number of the tensor, as `drawWeights` counts. */
  readonly tensor: number;
  readonly first: number;
  readonly rows: number;
}

export interface ExactNetwork {
  readonly graph: Graph;
  /** Inputs of the graph beside `x`, float32 [rows, width]. */
  readonly tiles: readonly Tile[];
  readonly outputs: { readonly y: Value };
}

/**
 * The integer network as a graph from x [n, width] to y [n, width], all of whole numbers in float32:
 *
 *     a = q(W₁x), b = q(W₂x), m = wrap(⌊a·b / 16⌋), x ← wrap(x + q(W₃ᵀm)) in every layer
 *     q(h) = wrap(⌊h / 2ˢ⌋), wrap(v) = v − 2B⌊(v + B) / 2B⌋
 *
 * Every sum is a whole number of its last bit and below 2²⁴ of them (`largestSum`), factors are powers of two, so nothing is ever rounded:
 * the order of the terms, fused multiply-adds and the number of threads change no bit. A power of two that a product is scaled by may be
 * applied before or after it. The inner integers are computed in tiles, whose intermediate results stay in a processor's cache.
 *
 * @param tile rows of a tile; a multiple of 128 that divides `inner`
 */
export const buildNetwork = (dials: ExactDials, tile: number): ExactNetwork => {
  const { layers, width, inner, bound, shifts } = shapeOf(dials);
  const graph = new Graph();
  const tiles: Tile[] = [];
  const weights = (tensor: number, first: number): Value => {
    const name = `weights ${tensor} from ${first}`;
    tiles.push({ name, tensor, first, rows: tile });
    return graph.input(name, [tile, width]);
  };
  const range = 2 * bound;
  /** ⌊v⌋, wrapped into [−bound, bound). */
  const wrapFloor = (v: Value): Value => {
    const whole = floor(v);
    return sub(whole, scale(floor(scale(add(whole, graph.constant(bound)), 1 / range)), range));
  };
  let x = graph.input("x", ["n", width]);
  for (let layer = 0; layer < layers; layer++) {
    let sum = x;
    for (let first = 0; first < inner; first += tile) {
      const gate = (tensor: number) =>
        wrapFloor(matmul(x, weights(tensor, first), { transB: true, alpha: 2 ** -shifts.into }));
      const [a, b] = [gate(3 * layer), gate(3 * layer + 1)];
      const m = wrapFloor(scale(mul(a, b), 2 ** -shifts.gate));
      sum = add(sum, matmul(m, weights(3 * layer + 2, first), { alpha: 2 ** -shifts.out }));
    }
    x = wrapFloor(sum);
  }
  return { graph, tiles, outputs: { y: x } };
};
