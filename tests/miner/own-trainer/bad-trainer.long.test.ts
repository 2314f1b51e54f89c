import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { hasCode } from "#shared/errors/error.js";
import { processesWith } from "#shared/own-program/processes.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { coded } from "../../support/coded.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { base } from "../micro-shard.js";
import { openBad, train, trainUntilTold } from "./support.js";

const markOf = (home: string): string => `BLOCKZERO_JOB=${join(home, "job", "job.json")}`;

const stateOf = (home: string): string => join(home, readdirSync(home).find((name) => name.startsWith("state-"))!);

describe("a trainer's program that breaks the contract", { timeout: HANG_GUARD }, () => {
  const problems: readonly (readonly [fault: string, says: RegExp])[] = [
    ["nothing", /left no checkpoint \(exit status 0\)/],
    ["no-exit-status", /left no checkpoint \(exit status 3; it last said: CUDA out of memory\)/],
    ["not-finite", /element 0 of tensor .* is NaN/],
  ];
  for (const [fault, says] of problems)
    it(`misses the cycle with one coded error: ${fault}`, async (t) => {
      const { trainer } = await openBad(t, fault);
      await assert.rejects(train(trainer), (thrown: unknown) => {
        assert.ok(hasCode(thrown, "TRAINER_NO_CHECKPOINT"), String(thrown));
        assert.match(thrown.message, says);
        assert.ok(thrown.hint.length > 10);
        return true;
      });
    });

  it("counts by its last good checkpoint, where the newest is none", async (t) => {
    const { trainer, lines } = await openBad(t, "newest-bad");
    const { run, update } = await train(trainer);
    assert.deepEqual([run.steps, run.tokens], [1, 640]);
    const [name] = update.keys();
    assert.equal(update.get(name!)!.data[0], Math.fround(0.25 - base[name!]!.data[0]!));
    assert.ok(lines.some(({ fields }) => fields.code === "TRAINER_OUTPUT_INVALID"));
  });

  it("counts by what it left when it failed", async (t) => {
    const { trainer, lines } = await openBad(t, "fails-late");
    const { run } = await train(trainer);
    assert.deepEqual([run.steps, run.tokens, run.firstLoss], [1, 10, 2]);
    assert.ok(lines.some(({ fields }) => fields.code === "TRAINER_FAILED" && fields.status === "exit status 3"));
  });

  it("cannot fill log, metrics or memory", async (t) => {
    const { trainer, lines } = await openBad(t, "flood", {}, { now: () => 0 });
    let steps = 0;
    const { run } = await train(trainer, { onStep: () => steps++ });
    assert.equal(run.steps, 2_000);
    assert.equal(steps, 50);
    assert.ok(lines.length < 210, `${lines.length} lines`);
    assert.ok(lines.some(({ message }) => message.includes("further lines are not shown")));
  });

  it("is ended where it writes too much, and its checkpoint counts", async (t) => {
    const { trainer, lines } = await openBad(t, "disk", { "trainer.disk_gib": 0.0005 });
    assert.equal((await train(trainer)).run.steps, 1);
    assert.ok(lines.some(({ fields }) => fields.code === "TRAINER_DISK"));
  });

  it("keeps no more than two checkpoints", async (t) => {
    const { trainer, home } = await openBad(t, "many");
    const output = join(home, "job", "output");
    let isTold = false;
    const stop = () => isTold && readdirSync(output).length === 2;
    const { run } = await train(trainer, { stop, onStep: () => (isTold = true) });
    assert.equal(run.steps, 9);
    assert.deepEqual(readdirSync(output).sort(), ["experts-8.safetensors", "experts-9.safetensors"]);
  });
});

describe("a trainer's program and its time", { timeout: HANG_GUARD }, () => {
  it("ends by SIGTERM, and what it writes then counts", async (t) => {
    const { trainer } = await openBad(t, "obeys");
    assert.equal((await trainUntilTold(trainer)).run.steps, 7);
  });

  it("is killed where it does not, with what it started in other sessions", async (t) => {
    const { trainer, home } = await openBad(t, "deaf", { "trainer.grace_seconds": 0 });
    assert.equal((await trainUntilTold(trainer)).run.steps, 1);
    assert.deepEqual(processesWith(markOf(home)), []);
  });

  it("is told apart from one that had nothing to do, where it left no checkpoint in all its time", async (t) => {
    const { trainer } = await openBad(t, "tells-only", { "trainer.grace_seconds": 0 });
    await assert.rejects(trainUntilTold(trainer), coded("TRAINER_NO_CHECKPOINT", /SIG(TERM|KILL)/));
    const { run } = await train(trainer, { cycle: 2, stop: () => true });
    assert.equal(run.steps, 0);
  });

  it("is told its deadline less the time to end in, a fifth of all at most", async (t) => {
    let time = 1_000_000;
    const { trainer, home } = await openBad(t, "deaf", { "trainer.grace_seconds": 30 }, { now: () => time });
    const deadline = () => 1_100_000;
    const training = train(trainer, { deadline, onStep: () => (time = 1_100_000) });
    assert.equal((await training).run.steps, 1);
    const job = JSON.parse(readFileSync(join(home, "job", "job.json"), "utf8"));
    assert.deepEqual([job.deadline, job.grace_seconds], [1_080_000, 20]);
  });

  it("is run again after a restart of the miner, with what it had left", async (t) => {
    const home = temporaryFolder(t);
    const first = await openBad(t, "resumes", { "trainer.grace_seconds": 0 }, { home });
    await trainUntilTold(first.trainer);
    const second = await openBad(t, "resumes", { "trainer.grace_seconds": 0 }, { home });
    const { run } = await train(second.trainer);
    assert.equal(run.steps, 1);
    assert.deepEqual(readdirSync(stateOf(home)).sort(), ["fresh", "resumed"]);
    const other = await openBad(t, "resumes", { "trainer.grace_seconds": 0 }, { home });
    await trainUntilTold(other.trainer, { cycle: 2 });
    assert.equal(JSON.parse(readFileSync(join(home, "job", "job.json"), "utf8")).resumed, false);
  });

  for (const gone of ["shard", join("job", "windows.safetensors"), join("job", "routers.safetensors")])
    it(`is begun anew where its job has no ${basename(gone, ".safetensors")} any more`, async (t) => {
      const home = temporaryFolder(t);
      const first = await openBad(t, "resumes", { "trainer.grace_seconds": 0 }, { home });
      await trainUntilTold(first.trainer);
      rmSync(join(home, gone), { recursive: true });
      const second = await openBad(t, "resumes", { "trainer.grace_seconds": 0 }, { home });
      await trainUntilTold(second.trainer);
      assert.equal(JSON.parse(readFileSync(join(home, "job", "job.json"), "utf8")).resumed, false);
      assert.ok(existsSync(join(home, gone)));
    });

  it("of a miner that was killed is ended before another starts", async (t) => {
    const home = temporaryFolder(t);
    const left = spawn(process.execPath, ["-e", "setInterval(() => {}, 1 << 30)"], {
      env: { BLOCKZERO_JOB: join(home, "job", "job.json") },
      stdio: "ignore",
    });
    const ended = once(left, "exit");
    await once(left, "spawn");
    const { lines } = await openBad(t, "nothing", {}, { home });
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    assert.ok(lines.some(({ message }) => message.includes("earlier miner")));
  });
});

describe("a trainer's program and its surroundings", () => {
  const surroundings = async (t: TestContext, flags: Record<string, string> = {}) => {
    const { trainer, home } = await openBad(t, "environment", flags);
    await train(trainer);
    return { home, ...JSON.parse(readFileSync(join(stateOf(home), "environment.json"), "utf8")) };
  };
  const set = (t: TestContext, name: string, value: string) => {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  };

  it("runs in the job's folder, without a secret of ours", async (t) => {
    for (const name of [
      "BLOCKZERO_WALLET_PATH",
      "BLOCKZERO_WALLET_PASSWORD",
      "WANDB_API_KEY",
      "CUDA_API_TOKEN",
      "NVIDIA_TF32_OVERRIDE",
      "MINE",
    ])
      set(t, name, "x");
    set(t, "CUDA_VISIBLE_DEVICES", "3");
    const { env, cwd, home } = await surroundings(t);
    assert.equal(cwd, join(home, "job"));
    assert.deepEqual(
      Object.keys(env).filter((name) => env[name] === "x"),
      [],
    );
    assert.equal(env.CUDA_VISIBLE_DEVICES, "3");
    assert.equal(env.BLOCKZERO_JOB, join(home, "job", "job.json"));
    assert.ok(existsSync(env.BLOCKZERO_JOB));
  });

  it("is given whole paths where the home's is a relative one, as by default", async (t) => {
    const home = temporaryFolder(t);
    const { trainer } = await openBad(t, "environment", {}, { home: relative(process.cwd(), home) });
    await train(trainer);
    const { env } = JSON.parse(readFileSync(join(stateOf(home), "environment.json"), "utf8"));
    assert.equal(env.BLOCKZERO_JOB, join(home, "job", "job.json"));
  });

  it("gets what the operator names, but nothing of ours", async (t) => {
    set(t, "MINE", "x");
    const { env } = await surroundings(t, { "trainer.environment": "MINE" });
    assert.equal(env.MINE, "x");
    await assert.rejects(
      openBad(t, "nothing", { "trainer.environment": "BLOCKZERO_WALLET_PATH" }),
      coded("CONFIG_INVALID_VALUE"),
    );
  });

  it("that cannot be started is told with its name", async (t) => {
    const { trainer } = await openBad(t, "nothing", { "trainer.command": "/nowhere/train" });
    await assert.rejects(train(trainer), coded("OWN_PROGRAM_NOT_STARTED"));
  });
});
