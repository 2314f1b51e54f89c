import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { openWorkerPool, removeWorkerFiles } from "#miner/training/worker-pool.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { mergeDeltas } from "#shared/merge/weighted-mean.js";
import type { TrainOptions } from "#shared/shard-training/trainer.js";
import { inMemory } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { coded } from "#tests/support/coded.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { collectingLog } from "../shared/chain/support.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { until } from "../support/subnet.js";
import { trained } from "../support/trained.js";
import { base, hub, network, openTrainer, configOf as shardConfig } from "./micro-shard.js";

const STEPS = 8;

const configOf = (flags: Record<string, string | number> = {}) =>
  shardConfig({
    warmup_steps: 0,
    max_steps: STEPS,
    device: "cpu",
    threads: 2,
    workers: 2,
    checkpoint_interval_seconds: 0,
    ...flags,
  });

const openPool = async (t: TestContext, config = configOf(), given?: string, cards: readonly string[] = []) => {
  const home = given ?? mkdtempSync(join(tmpdir(), "blockzero-"));
  const { log, lines } = collectingLog();
  const miner = config.wallet.hotkey;
  const pool = await openWorkerPool({
    network,
    group: "math",
    config,
    miner,
    hub: frozenInMemory(hub),
    home,
    log,
    cards,
  });
  t.after(async () => {
    await pool.dispose();
    rmSync(home, { recursive: true, force: true });
  });
  const train = (options: Partial<TrainOptions> = {}) =>
    trained(pool.train(inMemory(base), { cycle: 1, model: "a".repeat(64), stop: () => false, ...options }));
  return { pool, train, lines, home };
};

/** What a replica gains, trained in this process. */
const replica = async (t: TestContext, number: number, config = configOf()): Promise<FloatTensors> => {
  const trainer = await openTrainer(config, { replica: number });
  t.after(() => trainer.dispose());
  return (await trained(trainer.train(inMemory(base), { cycle: 1, stop: () => false }))).update;
};

const mean = (...updates: readonly FloatTensors[]): FloatTensors =>
  new Map(
    [...updates[0]!].map(([name, tensor]) => {
      const parts = updates.map((update) => update.get(name)!.data);
      return [
        name,
        {
          ...tensor,
          data: mergeDeltas(
            parts,
            parts.map(() => 1 / parts.length),
          ),
        },
      ];
    }),
  );

const sorted = (update: FloatTensors) => new Map([...update].sort(([a], [b]) => (a < b ? -1 : 1)));

describe("local DiLoCo", { timeout: HANG_GUARD }, () => {
  it("makes the mean of what the replicas gain on streams of their own, to the bit", async (t) => {
    const { train, pool } = await openPool(t);
    assert.equal(new Set([...pool.pids, process.pid]).size, 3);
    const seen: [number, number][] = [];
    const { update, run } = await train({ onStep: ({ replica, step }) => seen.push([replica, step]) });
    const alone = [await replica(t, 0), await replica(t, 1)];
    assert.notDeepEqual(alone[0], alone[1]);
    assert.deepEqual(sorted(update), sorted(mean(...alone)));
    assert.equal(run.steps, 2 * STEPS);
    assert.equal(run.tokens, 2 * STEPS * 2 * network.data.sequence_length);
    for (const one of [0, 1])
      assert.deepEqual(
        seen.filter(([replica]) => replica === one).map(([, step]) => step),
        Array.from({ length: STEPS }, (_, step) => step),
      );
  });

  it("leaves nothing behind where there are fewer workers, or none, at the next start", async (t) => {
    const { pool, train, home } = await openPool(t);
    await train();
    await pool.losses(inMemory(base), { seed: "7".repeat(64), batches: 1 });
    await pool.dispose();
    const others = ["own", "other.safetensors"];
    for (const name of others) mkdirSync(join(home, name));
    assert.ok(readdirSync(home).length > 2 + others.length);
    await removeWorkerFiles(home, 1);
    assert.deepEqual(readdirSync(home).sort(), [...others, "replica-0"].sort());
    await removeWorkerFiles(home, 0);
    assert.deepEqual(readdirSync(home).sort(), others.toSorted());
    await removeWorkerFiles(join(home, "nowhere"), 0);
  });

  it("ends a measurement when it is told to, and measures again", async (t) => {
    const { pool, home } = await openPool(t);
    const over = new AbortController();
    const heldOut = { seed: "7".repeat(64), batches: 1000, signal: over.signal };
    const measured = pool.losses(inMemory(base), heldOut);
    measured.catch(() => {});
    await until(t, () => existsSync(join(home, "measured.safetensors")));
    over.abort(new Error("it is stopped"));
    await assert.rejects(measured, /it is stopped/);
    const { signal } = new AbortController();
    assert.equal((await pool.losses(inMemory(base), { ...heldOut, batches: 1, signal })).length, 1);
  });

  it("loses a killed worker's replica and nothing else, and has it back in the next cycle", async (t) => {
    const { train, pool, lines } = await openPool(t, configOf({ max_steps: 40 }));
    const [, victim] = pool.pids;
    let killed = false;
    const { update, run } = await train({
      onStep: ({ replica }) => {
        if (replica === 1 && !killed) killed = process.kill(victim!, "SIGKILL");
      },
    });
    assert.equal(run.steps, 40);
    assert.deepEqual(sorted(update), sorted(await replica(t, 0, configOf({ max_steps: 40 }))));
    const [lost] = lines.filter(({ message }) => message === "a worker is lost");
    assert.equal(lost?.fields.code, "WORKER_DIED");
    assert.equal(pool.pids[1], undefined);

    const next = await train({ cycle: 2, maxSteps: 3 });
    assert.equal(next.run.steps, 6);
    assert.notEqual(pool.pids[1], victim);
  });

  it("takes up after kill -9 where the last checkpoint stands, with the same result", async (t) => {
    const config = configOf({ max_steps: 60, checkpoint_interval_seconds: 0.001 });
    const whole = await openPool(t, config);
    const straight = await whole.train();

    const first = await openPool(t, config);
    const training = first.train({
      onStep: ({ step }) => {
        if (step < 12) return;
        for (const pid of first.pool.pids) if (pid !== undefined) process.kill(pid, "SIGKILL");
      },
    });
    await assert.rejects(training, coded("WORKERS_LOST"));

    const second = await openPool(t, config, first.home);
    const resumed = await second.train();
    assert.ok(second.lines.some(({ message }) => message === "training resumed"));
    assert.deepEqual(resumed, straight);
  });

  it("shows each worker one card", { skip: !existsSync("/proc/self/environ") }, async (t) => {
    const { pool } = await openPool(t, configOf(), undefined, ["5", "2"]);
    const visible = pool.pids.map((pid) => {
      const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      return variables.filter((variable) => variable.startsWith("CUDA_VISIBLE_DEVICES="));
    });
    assert.deepEqual(visible, [["CUDA_VISIBLE_DEVICES=5"], ["CUDA_VISIBLE_DEVICES=2"]]);
  });

  it("measures weights as one process does, to the bit", async (t) => {
    const { pool, train } = await openPool(t);
    await train({ maxSteps: 2 });
    const alone = await openTrainer(configOf());
    t.after(() => alone.dispose());
    const heldOut = { seed: "1".repeat(64), batches: 3 };
    const losses = await pool.losses(inMemory(base), heldOut);
    assert.equal(losses.length, 3);
    assert.deepEqual(losses, await alone.losses(inMemory(base), heldOut));
  });

  it("stops all workers when the time is up", async (t) => {
    const { train } = await openPool(t, configOf({ max_steps: 1_000_000 }));
    let steps = 0;
    const { run } = await train({ onStep: () => steps++, stop: () => steps > 5 });
    assert.ok(run.steps > 5 && run.steps < 1_000_000);
  });

  it("says why it cannot begin", async (t) => {
    const config = configOf({ data_path: join(temporaryFolder(t), "missing.jsonl") });
    await assert.rejects(openPool(t, config), coded("DATASET_NOT_FOUND"));
  });
});
