import assert from "node:assert/strict";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { floatTensor } from "#shared/engine/tensor.js";
import { type CheckpointHead, openCheckpoints } from "#shared/training/checkpoints.js";
import { STATE_PARTS } from "#shared/training/step-backend.js";
import type { StateTensor } from "#shared/training/train-step.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { collectingLog } from "../chain/support.js";

const shapes = { a: [2, 3], b: [4] };

/** A state that is another one in every step. */
const tensorsOf = async function* (step: number): AsyncGenerator<StateTensor> {
  for (const [p, part] of STATE_PARTS.entries())
    for (const [name, shape] of Object.entries(shapes)) {
      const size = shape.reduce((product, dim) => product * dim, 1);
      const tensor = floatTensor(
        Array.from({ length: size }, (_, i) => step + p / 4 + i),
        shape,
      );
      yield { part, name, tensor };
    }
};

const headOf = (steps: number, change: Partial<CheckpointHead> = {}): CheckpointHead => ({
  version: 1,
  shard: "shard",
  run: "run",
  cycle: 7,
  taken: steps,
  stream: [1, 2, 3, 4],
  progress: {
    steps,
    tokens: 10 * steps,
    skipped: 1,
    spikes: 0,
    position: steps,
    losses: [Math.PI],
    recent: [0.1],
    pace: 12.5,
  },
  ...change,
});

const open = (t: TestContext, keep = 3) => {
  const dir = temporaryFolder(t);
  const { log, lines } = collectingLog();
  const checkpoints = openCheckpoints(dir, { keep, log });
  const save = (steps: number, change?: Partial<CheckpointHead>) =>
    checkpoints.save(headOf(steps, change), shapes, tensorsOf(steps));
  return { dir, lines, checkpoints, save, newest: () => checkpoints.newest("shard", shapes) };
};

const stepOf = async (found: ReturnType<ReturnType<typeof open>["newest"]>) => (await found)?.head.progress.steps;

describe("checkpoints", () => {
  it("gives back what was saved, bit for bit", async (t) => {
    const { save, newest } = open(t);
    assert.equal(await newest(), null);
    await save(5);
    const found = await newest();
    const { version, shard, run, cycle, taken, stream, progress } = found!.head;
    assert.deepEqual({ version, shard, run, cycle, taken, stream, progress }, headOf(5));
    const state = await found!.open();
    for await (const { part, name, tensor } of tensorsOf(5))
      assert.deepEqual(await state.part(part).read(name), tensor, `${part}/${name}`);
    await state.close();
  });

  it("keeps the newest of a cycle, and the last of the one before", async (t) => {
    const { dir, save, newest } = open(t, 2);
    for (const steps of [1, 2, 3]) await save(steps, { cycle: 6 });
    for (const steps of [1, 2, 3, 4]) await save(steps);
    assert.equal(await stepOf(newest()), 4);
    const names = readdirSync(dir).filter((file) => file.endsWith(".json"));
    assert.deepEqual(
      names.map((name) => name.replace(/^\d+-|\.json$/g, "")),
      ["cycle-6-step-3", "cycle-7-step-3", "cycle-7-step-4"],
    );
    assert.equal(readdirSync(dir).length, 6);
  });

  it("passes over a damaged one, whatever the damage, and says so", async (t) => {
    const damages: readonly ((file: (end: string) => string) => void)[] = [
      (file) => truncateSync(file("safetensors"), 100),
      (file) => {
        const bytes = readFileSync(file("safetensors"));
        bytes[bytes.length - 3]! ^= 1;
        writeFileSync(file("safetensors"), bytes);
      },
      (file) => writeFileSync(file("json"), "{"),
      (file) => writeFileSync(file("json"), JSON.stringify({ ...headOf(2), taken: -1 })),
      (file) => truncateSync(file("safetensors"), 0),
    ];
    for (const damage of damages) {
      const { dir, lines, save, newest } = open(t);
      await save(1);
      await save(2);
      damage((end) => join(dir, readdirSync(dir).find((name) => name.endsWith(`step-2.${end}`))!));
      assert.equal(await stepOf(newest()), 1);
      assert.equal(lines.filter(({ level, message }) => level === "warn" && message.includes("damaged")).length, 1);
      await save(3);
      assert.equal(await stepOf(newest()), 3);
    }
  });

  it("passes over another shard's", async (t) => {
    const { lines, save, newest } = open(t);
    await save(1);
    await save(2, { shard: "another" });
    assert.equal(await stepOf(newest()), 1);
    assert.equal(lines.length, 1);
  });

  it("does not see what a crash left half-written, and clears it away", async (t) => {
    const { dir, save, newest } = open(t);
    await save(1);
    writeFileSync(join(dir, "00000002-cycle-7-step-2.safetensors.tmp"), "half");
    writeFileSync(join(dir, "00000002-cycle-7-step-2.safetensors"), "whole, but its record is missing");
    writeFileSync(join(dir, "notes.txt"), "the operator's own");
    assert.equal(await stepOf(newest()), 1);
    await save(3);
    assert.deepEqual(
      readdirSync(dir).map((name) => name.replace(/^\d+-/, "")),
      [
        "cycle-7-step-1.json",
        "cycle-7-step-1.safetensors",
        "cycle-7-step-3.json",
        "cycle-7-step-3.safetensors",
        "notes.txt",
      ],
    );
  });

  it("leaves the folder as it was when the state cannot be read", async (t) => {
    const { dir, checkpoints, save, newest } = open(t);
    await save(1);
    const broken = async function* (): AsyncGenerator<StateTensor> {
      for await (const tensor of tensorsOf(2)) {
        if (tensor.part === "v") throw new Error("the device is gone");
        yield tensor;
      }
    };
    await assert.rejects(checkpoints.save(headOf(2), shapes, broken()), /the device is gone/);
    assert.equal(await stepOf(newest()), 1);
    assert.equal(readdirSync(dir).length, 2);
  });
});
