import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { CHECKPOINT_SHARE } from "#shared/shard-training/checkpoint-runs.js";
import type { TrainOptions } from "#shared/shard-training/trainer.js";
import { inMemory } from "#shared/training/float-source.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { collectingLog } from "../shared/chain/support.js";
import { device } from "../shared/model/micro.js";
import { trained } from "../support/trained.js";
import { base, network, openTrainer, configOf as shardConfig } from "./micro-shard.js";

const MODEL = "a".repeat(64);
const STEPS = 30;

const configOf = (flags: Record<string, string | number> = {}) =>
  shardConfig({ warmup_steps: 3, max_steps: STEPS, checkpoint_interval_seconds: 0.001, ...flags });

/** A trainer as a new process makes it, and what it did. */
const start = async (t: TestContext, dir: string, config = configOf()) => {
  const { log, lines } = collectingLog();
  // A millisecond passes whenever somebody looks, and in a step as long as one checkpoint keeps off the next, so that one is due after every step.
  let time = 0;
  const now = () => time++;
  const trainer = await openTrainer(config, {
    keep: { dir, intervalSeconds: config.checkpoint_interval_seconds, log },
    now,
  });
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= trainer.dispose();
    return ended;
  };
  t.after(end);
  const losses: number[] = [];
  const train = (options: Partial<TrainOptions> = {}) =>
    trained(
      trainer.train(inMemory(base), {
        cycle: 1,
        model: MODEL,
        stop: () => false,
        ...options,
        onStep: (step) => {
          time += 2 / CHECKPOINT_SHARE;
          losses.push(step.loss);
          options.onStep?.(step);
        },
      }),
    );
  return { end, train, losses, lines, said: (part: string) => lines.some(({ message }) => message.includes(part)) };
};

/** Trains some steps and goes no further: all that is left is what is on disk, as after a kill. */
const interrupted = async (t: TestContext, dir: string, steps: number, config = configOf()) => {
  const first = await start(t, dir, config);
  await first.train({ stop: () => first.losses.length === steps });
  await first.end();
  return first;
};

describe("an interrupted training", () => {
  for (const accumulation of [1, 3])
    it(`goes on with the same bits, ${accumulation} micro-batches a step`, async (t) => {
      const config = configOf({ gradient_accumulation_steps: accumulation });
      const whole = await start(t, temporaryFolder(t), config);
      const straight = await whole.train();

      const dir = temporaryFolder(t);
      const before = await interrupted(t, dir, 15, config);
      const after = await start(t, dir, config);
      const resumed = await after.train();
      assert.deepEqual([...before.losses, ...after.losses], whole.losses);
      assert.equal(after.losses.length, 15);
      assert.deepEqual(resumed.update, straight.update);
      assert.deepEqual(resumed.run, straight.run);
      assert.ok(after.said("training resumed"));
    });

  it("ends where it had ended, when only its artifact was lost", async (t) => {
    const dir = temporaryFolder(t);
    const first = await start(t, dir);
    const whole = await first.train();
    await first.end();
    const again = await start(t, dir);
    const { update, run } = await again.train();
    assert.equal(again.losses.length, 0);
    assert.deepEqual(update, whole.update);
    assert.deepEqual(run, whole.run);
  });

  it("falls back to the checkpoint before a damaged one", async (t) => {
    const dir = temporaryFolder(t);
    await interrupted(t, dir, 15);
    const newest = readdirSync(dir)
      .filter((file) => file.endsWith(".safetensors"))
      .sort()
      .at(-1)!;
    assert.match(newest, /step-15/);
    writeFileSync(join(dir, newest), "damaged");
    const whole = await start(t, temporaryFolder(t));
    await whole.train();
    const after = await start(t, dir);
    await after.train();
    assert.deepEqual(after.losses, whole.losses.slice(14));
    assert.ok(after.said("damaged"));
  });

  it("begins anew from another model, and under another configuration", async (t) => {
    const other = configOf({ learning_rate: 0.01 });
    for (const [config, options] of [
      [configOf(), { model: "b".repeat(64) }],
      [other, {}],
    ] as const) {
      const dir = temporaryFolder(t);
      await interrupted(t, dir, 5);
      const after = await start(t, dir, config);
      const { run } = await after.train({ ...options, maxSteps: 2 });
      assert.equal(run.steps, 2);
      assert.equal(after.losses.length, 2);
      assert.ok(after.said("optimiser state restored") && !after.said("training resumed"));
    }
  });

  it("keeps the optimiser's moments for the next cycle, also in a new process", async (t) => {
    const oneProcess = await start(t, temporaryFolder(t));
    await oneProcess.train();
    const next = { cycle: 2, model: "b".repeat(64) };
    const straight = await oneProcess.train(next);

    const dir = temporaryFolder(t);
    const first = await start(t, dir);
    await first.train();
    await first.end();
    const second = await start(t, dir);
    const restarted = await second.train(next);
    assert.deepEqual(restarted.update, straight.update);
    assert.deepEqual(second.losses, oneProcess.losses.slice(STEPS));

    const fresh = await start(t, temporaryFolder(t));
    assert.notDeepEqual((await fresh.train(next)).update, straight.update);
  });

  it("keeps as many checkpoints as it is told to, and none while it trains if told so", async (t) => {
    const dir = temporaryFolder(t);
    await interrupted(t, dir, 9, configOf({ checkpoint_keep_top_k: 2 }));
    assert.equal(readdirSync(dir).length, 4);
    const quiet = temporaryFolder(t);
    await interrupted(t, quiet, 9, configOf({ checkpoint_interval_seconds: 0 }));
    assert.deepEqual(
      readdirSync(quiet).filter((file) => file.endsWith(".json")),
      ["00000001-cycle-1-step-9.json"],
    );
  });

  it("goes on without checkpoints where the disk takes none", async (t) => {
    const dir = join(temporaryFolder(t), "file");
    writeFileSync(dir, "not a folder");
    const run = await start(t, dir);
    assert.equal((await run.train({ maxSteps: 3 })).run.steps, 3);
    assert.ok(run.said("no checkpoint"));
  });

  it("follows the schedule to its end in the time that is left", async (t) => {
    const dir = temporaryFolder(t);
    const rates: number[] = [];
    const first = await start(t, dir);
    const onStep: TrainOptions["onStep"] = ({ learningRate }) => rates.push(learningRate);
    await first.train({ onStep, stop: () => rates.length === 5, progress: () => rates.length / 10 });
    await first.end();
    const after = await start(t, dir);
    const left: number[] = [];
    await after.train({
      onStep: ({ learningRate }) => left.push(learningRate),
      stop: () => left.length === 5,
      progress: () => left.length / 4,
    });
    assert.ok(left[0]! <= rates.at(-1)!, `${left[0]} after ${rates.at(-1)}`);
    assert.equal(left.at(-1), 0);
  });
});

describe("a training that is to be over in time", () => {
  it("takes no step that would end late, and a shorter last one", async (t) => {
    const { log } = collectingLog();
    let time = 0;
    const config = configOf({ gradient_accumulation_steps: 4, max_steps: 1000 });
    const slow: typeof device = {
      ...device,
      async compile(graph, outputs) {
        const program = await device.compile(graph, outputs);
        // Every micro-batch takes 100 ms of the clock.
        const run: typeof program.run = (feeds, into) => {
          time += 100;
          return program.run(feeds, into);
        };
        return { ...program, run };
      },
    };
    const trainer = await openTrainer(config, {
      device: slow,
      now: () => time,
      keep: { dir: temporaryFolder(t), intervalSeconds: config.checkpoint_interval_seconds, log },
    });
    t.after(() => trainer.dispose());
    const { run } = await trainer.train(inMemory(base), {
      cycle: 1,
      model: MODEL,
      stop: () => false,
      deadline: () => 2_150,
    });
    assert.ok(time <= 2_150, `ended at ${time}`);
    // One micro-batch to measure, four whole steps of 400 ms; 450 are left for three more, 150 for one, a quarter each for safety.
    assert.equal(time, 2_100);
    const tokens = config.batch_size * network.data.sequence_length;
    assert.deepEqual([run.steps, run.tokens], [7, 21 * tokens]);
  });
});
