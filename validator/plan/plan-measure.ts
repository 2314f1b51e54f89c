import type { Device } from "#shared/engine/device.js";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { zeros } from "#shared/engine/tensor.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";

/** Rows of the product: as many as a run has tokens. */
const ROWS = 1024;
const ROUNDS = 5;
/** Share of a product's rate that a whole forward pass reaches: what is no product takes time too. */
const FORWARD_SHARE = 0.6;

/** Floating-point operations a second of a forward pass on this device, from a product of the model's width. */
export const measureRate = async (
  device: Device,
  { hidden_size: d }: Pick<ModelConfig, "hidden_size">,
): Promise<number> => {
  const graph = new Graph();
  const product = op.matmul(graph.input("x", [ROWS, d]), graph.input("w", [d, d]), { transB: true });
  const program = await device.compile(graph, { product });
  try {
    const [x, w] = [await device.upload(zeros([ROWS, d])), await device.upload(zeros([d, d]))];
    const times: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const begun = performance.now();
      await program.run({ x, w });
      if (round > 0) times.push(performance.now() - begun);
    }
    x.dispose();
    w.dispose();
    const ascending = times.sort((a, b) => a - b);
    const seconds = ascending[Math.floor(ascending.length / 2)]! / 1000;
    return (FORWARD_SHARE * 2 * ROWS * d * d) / seconds;
  } finally {
    await program.dispose();
  }
};
