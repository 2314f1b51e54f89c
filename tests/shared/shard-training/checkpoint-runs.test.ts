import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { floatTensor } from "#shared/engine/tensor.js";
import { checkpointRuns } from "#shared/shard-training/checkpoint-runs.js";
import type { InnerProgress } from "#shared/training/inner-loop.js";
import { STATE_PARTS } from "#shared/training/step-backend.js";
import type { StateTensor } from "#shared/training/train-step.js";
import { configOf, network } from "../../miner/micro-shard.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { collectingLog } from "../chain/support.js";

const SECOND = 1000;

/** Steps of five seconds, and when a checkpoint of them was written that takes so many. */
const savedAt = async (dir: string, { seconds, interval }: { seconds: number; interval: number }) => {
  let time = 0;
  const saved: number[] = [];
  const tensors = async function* (): AsyncGenerator<StateTensor> {
    saved.push(time / SECOND);
    time += seconds * SECOND;
    for (const part of STATE_PARTS) yield { part, name: "a", tensor: floatTensor([1, 2], [2]) };
  };
  const runs = checkpointRuns({
    dir,
    intervalSeconds: interval,
    log: collectingLog().log,
    trainStep: { takenSteps: 0, tensors } as never,
    place: { network, group: "math", config: configOf({}), miner: "ann", replica: 0 },
    shapes: { a: [2] },
    now: () => time,
  });
  const loader = { position: () => [1, 2, 3, 4], seek: () => undefined };
  const run = await runs.begin({ cycle: 1, model: "a".repeat(64), loader: loader as never });
  const progress = (steps: number): InnerProgress => ({
    ...{ steps, tokens: steps, skipped: 0, spikes: 0, position: steps },
    ...{ losses: [], recent: [], pace: null },
  });
  for (let steps = 1; time < 895 * SECOND; steps++) {
    time += 5 * SECOND;
    await run.betweenSteps(progress(steps));
  }
  return saved;
};

describe("checkpoints of a run", () => {
  it("are as far apart as they are told to be", async (t) => {
    const saved = await savedAt(temporaryFolder(t), { seconds: 1, interval: 300 });
    assert.deepEqual(saved, [300, 601]);
  });

  it("are further apart where one takes long, so that training stands still for a twentieth of its time", async (t) => {
    const saved = await savedAt(temporaryFolder(t), { seconds: 10, interval: 60 });
    assert.deepEqual(saved, [60, 270, 480, 690]);
  });

  it("are not written while a run is under way where none are wanted", async (t) => {
    assert.deepEqual(await savedAt(temporaryFolder(t), { seconds: 10, interval: 0 }), []);
  });
});
