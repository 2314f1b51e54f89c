import type { Graph, Value } from "#shared/engine/graph.js";

/** What a node of a training graph is for. */
export type Phase = "forward" | "backward";

/** By a node's place in its graph: what the loss needs is the forward pass, the rest the backward pass. */
export const phasesOf = ({ nodes }: Graph, loss: Value | undefined): ((place: number) => Phase | undefined) => {
  const needed = new Set(loss ? [loss] : []);
  const forward = new Set<number>();
  for (const [fromTheEnd, { inputs, outputs }] of nodes.toReversed().entries()) {
    if (!outputs.some((output) => needed.has(output))) continue;
    forward.add(nodes.length - 1 - fromTheEnd);
    for (const input of inputs) needed.add(input);
  }
  return (place) => (place >= nodes.length ? undefined : forward.has(place) ? "forward" : "backward");
};
