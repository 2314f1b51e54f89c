import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Course, summaryOf, together } from "#bench/learning/runs.js";
import { groupHeldOutBatches } from "#datasets/group-data.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import type { Network } from "#shared/protocol/network.js";
import { DEFAULT_CONFIDENCE } from "#shared/protocol/network-file/default-confidence.js";
import { pretrain } from "#shared/training/pretrain.js";
import { OUTER, template } from "#tests/support/micro-network.js";
import { device } from "#tests/support/updates.js";

const GROUP = "math";
/** Ten times the rate at which this model learns. */
const RATE = 0.1;
const training = { batch_size: 8, learning_rate: RATE, warmup_steps: 2, max_steps: 12 };

const network: Network = {
  ...template,
  genesis: "0".repeat(64),
  training: { ...template.training, outer: { confidence: DEFAULT_CONFIDENCE, steps: OUTER.steps } },
  scoring: { ...template.scoring, eval_batches: 64, confidence: DEFAULT_CONFIDENCE },
};
const batchSize = network.scoring.eval_batch_size;

describe("the accepted model over 20 cycles of real training, at ten times the right learning rate", () => {
  it("never loses more than a standard error on a fixed text, and ends below where it began", async (t) => {
    const genesis = await pretrain({
      network,
      device,
      seed: "invariant",
      steps: 30,
      batchSize,
      learningRate: 0.01,
      signal: t.signal,
    });
    const meter = await createLossMeter(device, network, { batchSize, parameters: genesis });
    t.after(() => meter.dispose());
    const fixed = groupHeldOutBatches(network, GROUP, { batches: 128, batchSize, seed: "f".repeat(64) });
    const course: Course = { device, network, group: GROUP, genesis, meter, cycles: 20, training, fixed };
    const { start, end, rises } = summaryOf(await together(course, 2));
    assert.equal(rises, 0);
    assert.ok(end < start, `${start} → ${end}`);
  });
});
