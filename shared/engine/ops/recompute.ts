import { pullBack } from "../autodiff.js";
import { type Operator, shapeError, type Value, type Values } from "../graph.js";
import { add } from "./add.js";
import { after } from "./after.js";

/** One value, and how it is made of others. */
export interface Part {
  readonly inputs: Values;
  /**
   * Makes the value of the inputs, or of others of their types. It may use no further values but constants.
   *
   * @param made the value, where it was made before and is built again for its gradient
   */
  readonly build: (inputs: Values, made?: Value) => Value;
}

/** The places of a part's inputs among those of all parts. */
interface Placed {
  readonly places: readonly number[];
  readonly build: Part["build"];
}

/** Inputs: those of all parts, then what the parts made of them. */
const kept = (inputs: number, parts: readonly Placed[]): Operator<Values, Values> => ({
  name: "Recompute",
  infer: (values) => values.slice(inputs),
  lower: (node, emit) => {
    for (const [i, output] of node.outputs.entries()) emit.node("Identity", [node.inputs[inputs + i]!], [output]);
  },
  shares: () => parts.map((_, i) => inputs + i),
  gradient: (node, given, needs) => {
    const { graph } = node.outputs[0]!;
    const sums = new Array<Value | undefined>(node.inputs.length).fill(undefined);
    let before: Values = [];
    for (const [i, { places, build }] of parts.entries()) {
      const gradient = given[i];
      const wanted = places.flatMap((place, own) => (needs[place] ? [{ place, own }] : []));
      if (!gradient || wanted.length === 0) continue;
      const again = after(
        places.map((place) => node.inputs[place]!),
        [gradient, ...before],
      );
      const begin = graph.nodes.length;
      const value = build(again, node.outputs[i]);
      const results = pullBack(
        graph.nodes.slice(begin),
        value,
        gradient,
        wanted.map(({ own }) => again[own]!),
      );
      before = wanted.flatMap(({ place }, at) => {
        const result = results[at];
        if (!result) return [];
        const previous = sums[place];
        sums[place] = previous ? add(previous, result) : result;
        return [sums[place]];
      });
    }
    return sums;
  },
});

/**
 * Values of which nothing is kept for the backward pass but what they are made of: the gradient builds each part again (activation
 * checkpointing, Chen et al. 2016, arXiv 1604.06174). The parts come one after the other, also in the backward pass, so that the
 * intermediate results of only one are alive. An input of several parts gets the sum of their gradients.
 */
export const recompute = (parts: readonly Part[]): Values => {
  const inputs = [...new Set(parts.flatMap((part) => part.inputs))];
  const [first] = inputs;
  if (!first) throw shapeError("Recompute", "needs at least one part, and an input of it");
  const placed = parts.map(({ inputs: own, build }) => ({ places: own.map((value) => inputs.indexOf(value)), build }));
  const made = parts.map(({ inputs: own, build }) => build(own));
  return first.graph.apply(kept(inputs.length, placed), [...inputs, ...made]);
};
