import { createExactReference } from "#shared/kernels/exact-reference.js";
import { type ExactDials, shapeOf } from "#shared/sprint/exact/dials.js";
import { createInputs } from "#shared/sprint/exact/inputs.js";
import { drawWeights } from "#shared/sprint/exact/weights.js";

/** A network whose outputs every implementation is held to: integers in WebAssembly, one after the other. */
export interface ReferenceNetwork {
  /** Output [width] of a node's nonce. */
  output(node: string, nonce: number): Int32Array;
}

/** Draws a network's weights. @param seed of the network, 64 hex digits */
export const openReferenceNetwork = (dials: ExactDials, seed: string): ReferenceNetwork => {
  const { layers, width, inner } = dials;
  const reference = createExactReference(shapeOf(dials));
  const drawn = (tensor: number): Int8Array => {
    const weights = new Int8Array(inner * width);
    drawWeights(seed, tensor, 0, weights);
    return weights;
  };
  for (let layer = 0; layer < layers; layer++) {
    reference.load(layer, [drawn(3 * layer), drawn(3 * layer + 1), drawn(3 * layer + 2)]);
  }
  const input = new Int32Array(width);
  return {
    output: (node, nonce) => {
      createInputs(node, dials)(nonce, input, 0);
      return reference.run(input);
    },
  };
};
