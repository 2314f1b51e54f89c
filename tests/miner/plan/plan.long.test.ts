import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type MinerConfig, minerSettings } from "#miner/config.js";
import { planTraining, type TrainingPlan } from "#miner/plan/plan.js";
import type { Measurement } from "#miner/plan/plan-measure.js";
import type { OwnTrainingPlan } from "#miner/plan/plan-own.js";
import { describePlan } from "#miner/plan/plan-text.js";
import type { TrainingTime } from "#miner/plan/training-time.js";
import { type Available, verdictOf } from "#miner/plan/verdict.js";
import { loadConfig } from "#shared/config/load.js";
import { deviceKinds } from "#shared/engine/runtime/device-choice.js";
import { deviceOf } from "#shared/engine/runtime/device-kinds.js";
import { PRESETS } from "#shared/model/presets.js";
import type { Network } from "#shared/protocol/network.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { compiled } from "#tests/support/compiled.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";

const micro: Network = { ...template, genesis: "0".repeat(64) };

/** 13 M parameters, most of them trained: large enough that tensors outweigh the program. */
const middling: Network = {
  ...micro,
  model: { ...PRESETS.bench, num_experts: 6, moe_intermediate_size: 640 },
  groups: {
    math: {
      experts: { 0: [0, 1, 2, 3], 1: [0, 1, 2, 3], 2: [0, 1, 2, 3], 3: [0, 1, 2, 3] },
      data: [{ kind: "arithmetic", weight: 1 }],
    },
    prose: { experts: { 0: [4, 5], 1: [4, 5], 2: [4, 5], 3: [4, 5] }, data: [{ kind: "sotu", weight: 1 }] },
  },
  data: { ...micro.data, sequence_length: 64 },
};

const configOf = (flags: Record<string, string | number> = {}): MinerConfig =>
  loadConfig(minerSettings, { env: {}, flags: { expert_group: "math", ...flags } });

const plan = (flags: Record<string, string | number> = {}, network = micro) =>
  planTraining(configOf(flags), network, { blockSeconds: 12 });

const has: Available = { memory: 1e12, disk: 1e12, stepSeconds: null };

/** As a person reads it on a machine that has enough, where nothing was measured. */
const textOf = (of: TrainingPlan) => describePlan(of, { has, verdict: verdictOf(of, has) });

/** The program as a person calls it. */
const program = (t: TestContext, network: Network, ...args: readonly string[]) => {
  const file = join(temporaryFolder(t), "network.json");
  writeFileSync(file, JSON.stringify(network));
  const main = compiled("miner/main.js");
  const child = spawn(process.execPath, [main, "plan", "--network", file, "--expert_group", "math", ...args]);
  const said = { stdout: "", stderr: "", status: -1 as number | null };
  child.stdout.on("data", (text) => (said.stdout += text));
  child.stderr.on("data", (text) => (said.stderr += text));
  return new Promise<typeof said>((resolve) => child.once("close", (status) => resolve({ ...said, status })));
};

describe("a miner's plan", { timeout: HANG_GUARD }, () => {
  it("counts weights, moments and gradients from the network file", async () => {
    const { memory, parameters } = await plan();
    // Three projections of two experts; the hub has embeddings, attention, norms and the whole router.
    const { hidden_size: d, moe_intermediate_size: f } = micro.model;
    assert.equal(parameters.group, 2 * 3 * d * f);
    const group = 4 * parameters.group;
    assert.equal(memory.trained, group);
    assert.equal(memory.frozen, 4 * parameters.hub);
    assert.deepEqual([memory.moments, memory.gradients], [2 * group, group]);
    const { total, ...parts } = memory;
    assert.equal(
      Object.values(parts).reduce((sum, bytes) => sum + bytes, 0),
      total,
    );
  });

  it("needs more for what costs more", async () => {
    const usual = await plan({ batch_size: 4, gradient_accumulation_steps: 1 });
    const larger = await plan({ batch_size: 8, gradient_accumulation_steps: 1 });
    const summed = await plan({ batch_size: 4, gradient_accumulation_steps: 4 });
    assert.ok(larger.memory.activations > 1.8 * usual.memory.activations);
    assert.equal(usual.memory.gradientSums, 0);
    assert.equal(summed.memory.gradientSums, summed.memory.trained);
    assert.deepEqual(
      [usual, larger, summed].map(({ train }) => train.tokensPerStep),
      [64, 128, 256],
    );
  });

  it("counts a second set of weights and moments on a device that holds the state", async () => {
    const flags = { gradient_accumulation_steps: 2 };
    const host = await plan({ ...flags, device: "cpu" }, middling);
    const card = await plan({ ...flags, device: "webgpu" }, middling);
    assert.equal(host.memory.spare, 0);
    assert.equal(card.memory.spare, card.memory.trained + card.memory.moments);
    assert.ok(card.memory.total > host.memory.total + 2 * host.memory.trained);
    assert.match(textOf(card), /^memory on webgpu$/m);
    assert.match(textOf(card), /^ {2}second set +\d/m);
    assert.doesNotMatch(textOf(host), /second set|as on the CPU/);

    const unknown = await plan({ ...flags, device: "auto" }, middling);
    assert.deepEqual(unknown.memory, host.memory);
    assert.match(textOf(unknown), /as on the CPU; --device webgpu and tfjs/);
    const opened = { name: "onnxruntime-webgpu", hostMemory: false };
    const found = await planTraining(configOf({ ...flags, device: "auto" }), middling, { blockSeconds: 12, opened });
    assert.deepEqual(found.memory, card.memory);
    assert.match(textOf(found), /^memory on onnxruntime-webgpu$/m);
  });

  for (const kind of deviceKinds)
    it(`takes ${kind} for what it is`, async () => {
      const opened = await deviceOf[kind]({ threads: 1 });
      const named = await plan({ device: kind });
      const known = await planTraining(configOf({ device: kind }), micro, { blockSeconds: 12, opened });
      assert.deepEqual(named.memory, known.memory);
    });

  it("scales with the workers and with what is kept", async () => {
    const one = await plan({ checkpoint_keep_top_k: 2 });
    const three = await plan({ checkpoint_keep_top_k: 2, workers: 3 });
    assert.equal(three.disk.checkpoints, 3 * one.disk.checkpoints);
    assert.equal(one.disk.checkpoints, 4 * 3 * one.memory.trained);
    const update = one.transfer.upPerCycle;
    assert.ok(update > one.memory.trained && update < one.memory.trained + 2000, "the weights and a header");
    assert.equal(one.disk.updates, 3 * update);
    assert.equal(three.train.tokensPerStep, 3 * one.train.tokensPerStep);
    assert.deepEqual(one.transfer, {
      hub: one.memory.frozen,
      downPerCycle: one.memory.trained,
      upPerCycle: update,
    });
  });

  it("counts what passes between the processes of several workers", async () => {
    const full: Network = { ...micro, model: { ...micro.model, shard: { mode: "full" } } };
    for (const [network, others] of [
      [micro, 0],
      [full, 1],
    ] as const) {
      const [one, two] = [await plan({}, network), await plan({ workers: 2 }, network)];
      const weights = one.memory.trained;
      const hub = 4 * one.parameters.hub;
      assert.equal(one.disk.workers, 0);
      assert.equal(
        two.disk.total - one.disk.total,
        two.disk.checkpoints - one.disk.checkpoints + hub + (5 + others) * weights,
      );
      assert.match(textOf(two), /^ {2}between workers +\d/m);
      assert.doesNotMatch(textOf(one), /between workers/);
    }
  });

  it("counts an update as its codec writes it, and what is carried to the next", async () => {
    const dense = await plan({ checkpoint_keep_top_k: 1 }, middling);
    const sparse = await plan({ checkpoint_keep_top_k: 1 }, { ...middling, artifact: { codec: "topk-2bit" } });
    assert.ok(sparse.transfer.upPerCycle < dense.transfer.upPerCycle / 130);
    // Two cycles' stay at least, and one more while it is checked.
    assert.equal(sparse.disk.updates, 3 * sparse.transfer.upPerCycle + 3 * sparse.memory.trained);
  });

  it("reads as a table", async () => {
    const made: TrainingPlan = await plan();
    const measured: Measurement = { stepSeconds: 0.5, peakResident: 2e8 };
    const fast = { ...has, stepSeconds: measured.stepSeconds };
    const text = describePlan(made, { has: fast, verdict: verdictOf(made, fast), measured });
    assert.match(text, /^ {2}AdamW moments +\d/m);
    assert.match(text, /^ {2}total +\d+\.\d MB +200\.0 MB resident when measured$/m);
    // Two of the three train blocks of 12 s.
    assert.match(text, /^ {2}steps that fit +48 /m);
    assert.match(text, /^ {2}tokens of a cycle +12288$/m);
    assert.match(textOf(made), /^ {2}steps that fit +unknown +nothing was measured$/m);
  });

  it("says whether this machine should join, and why not", async () => {
    const made = await plan({ max_steps: 20 });
    const enough = { ...has, stepSeconds: 0.5 };
    const told = (other: Partial<Available>) => verdictOf(made, { ...enough, ...other });
    assert.deepEqual(told({}), { memory: true, disk: true, time: true, steps: 20, tokens: 20 * 256, join: true });
    assert.deepEqual([told({ memory: 1e6 }).memory, told({ memory: 1e6 }).join], [false, false]);
    assert.deepEqual([told({ disk: 10 }).disk, told({ disk: 10 }).join], [false, false]);
    assert.deepEqual([told({ stepSeconds: 25 }).time, told({ stepSeconds: 25 }).join], [false, false]);
    assert.deepEqual([verdictOf(made, has).time, verdictOf(made, has).join], [null, true]);
    const poor = { ...enough, memory: 1e6 };
    assert.match(
      describePlan(made, { has: poor, verdict: verdictOf(made, poor) }),
      /should join +no +too little memory/,
    );
  });

  it("tells what is on a card from what the machine holds", async () => {
    const [host, webgpu, cuda] = await Promise.all(
      ["cpu", "webgpu", "cuda"].map((device) => plan({ device }, middling)),
    );
    assert.deepEqual([host!.card, host!.mapped], [0, 0]);
    assert.ok(host!.anonymous < host!.memory.total && host!.anonymous > 0.6 * host!.memory.total);
    assert.ok(webgpu!.anonymous + webgpu!.card < webgpu!.memory.total);
    assert.ok(webgpu!.card > webgpu!.memory.trained + webgpu!.memory.moments + webgpu!.memory.spare);
    assert.ok(cuda!.card > cuda!.memory.activations && cuda!.anonymous < host!.anonymous);
    assert.match(textOf(cuda!), /^ {2}on the card +\d/m);
    const layers = await plan({ "training.program": "layers" }, middling);
    assert.ok(layers.mapped > 0);
    assert.match(textOf(layers), /^ {2}file cache +\d/m);
  });

  it("is close to what a training takes, and says so as JSON", async (t) => {
    const args = ["--measure", "--json", "--device", "cpu", "--gradient_accumulation_steps", "1", "--block-time", "6"];
    const { stdout, stderr, status } = await program(t, middling, ...args);
    assert.equal(status, 0, stderr);
    const said: TrainingPlan & { readonly measured: Measurement; readonly time: TrainingTime } = JSON.parse(stdout);
    const ratio = said.measured.peakResident / said.memory.total;
    assert.ok(ratio < 1.15 && ratio > 0.8, `${ratio} of the plan`);
    assert.ok(said.measured.stepSeconds > 0);
    assert.equal(said.train.seconds, 12);
    assert.ok(said.time.stepSeconds > 0 && said.time.tokensPerSecond > 0);
  });

  it("says what is known of a training that is left to a program of the operator's own", async (t) => {
    const file = join(temporaryFolder(t), "miner.yaml");
    writeFileSync(file, "trainer: { command: ['true'], disk_gib: 2 }\n");
    const { stdout, stderr, status } = await program(t, micro, "--config", file);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /nobody knows what a program of your own takes/);
    assert.match(stdout, /should join +yes +as far as is known/);
    assert.doesNotMatch(stdout, /AdamW|batch_size/);
    const said = await program(t, micro, "--config", file, "--json", "--max_steps", "10", "--batch_size", "2");
    const { disk, memory }: OwnTrainingPlan = JSON.parse(said.stdout);
    const { hub, group } = (await plan()).parameters;
    assert.equal(memory.program, null);
    assert.equal(disk.program, 2 * 2 ** 30);
    // Ids and targets of four bytes, four forward passes a step.
    assert.equal(disk.windows, 10 * 4 * 2 * micro.data.sequence_length * 8);
    // Of the router the group's rows alone are in its folder, and all of them in the job's.
    const width = micro.model.hidden_size;
    const rows = width * (micro.model.num_experts - 2);
    assert.equal(disk.shard, 4 * (hub + group - rows + width * micro.model.num_experts));
    const { total, ...parts } = disk;
    assert.equal(
      total,
      Object.values(parts).reduce((sum, bytes) => sum + bytes, 0),
    );
  });

  it("counts what the files of a miner with a program of its own take already as room for them", async (t) => {
    const room = async (bytes: number) => {
      const dir = temporaryFolder(t);
      const home = join(dir, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
      mkdirSync(home);
      const model = join(home, "model");
      writeFileSync(model, "");
      // A hole, which takes no room, and far more than what else changes on the disk meanwhile.
      truncateSync(model, bytes);
      const { stdout, stderr } = await program(
        t,
        micro,
        "--trainer.command",
        "true",
        "--checkpoint_dir",
        dir,
        "--json",
      );
      assert.equal(stderr, "");
      return JSON.parse(stdout).has.disk as number;
    };
    const bytes = 2 ** 42;
    assert.ok((await room(bytes)) - (await room(0)) > bytes / 2);
  });

  it("says in one line what is wrong", async (t) => {
    const wrong = await program(t, micro, "--block-time", "soon");
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /^✖ USAGE .+--block-time.+ It must be a number above zero/);
    const misspelt = await program(t, micro, "--behavour", "copier");
    assert.match(misspelt.stderr, /^✖ USAGE unknown option '--behavour'/);
    const nowhere = await program(t, micro, "--network", "/nowhere.yaml");
    assert.equal(nowhere.status, 2);
    assert.match(nowhere.stderr, /^✖ NETWORK_FILE_NOT_FOUND/);
  });
});
