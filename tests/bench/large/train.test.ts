import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { generateShard, openFrom, openStored } from "#bench/large/generated-shard.js";
import { qwen3 } from "#bench/large/qwen3-30b.js";
import { timeShares } from "#bench/large/time-shares.js";
import { START_PARTS, trainLarge } from "#bench/large/train.js";
import { trainTarget } from "#bench/large/train-command.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { blobsOf } from "#shared/protocol/model-manifest.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { narrowModel } from "./narrow-model.js";

const device = onnxCpu({ threads: 1 });

test("a group of a generated model's four layers, narrower, trains from its files", async (t) => {
  const shape = { model: narrowModel(), experts: 4, sequence: 64, steps: 2, folder: temporaryFolder(t) };
  const { losses, seconds, trained, modelBytes, fileBytes, checked, start } = await trainLarge(device, shape);
  assert.equal(trained, 4 * 4 * 3 * 64 * 32);
  assert.ok(modelBytes > 2 * 128 * 4 * 3 * 64 * 32);
  // Weights are random: a token is as likely as any other.
  for (const loss of losses) assert.ok(Math.abs(loss - Math.log(512)) < 1, `${loss}`);
  // Every byte of hub and group, and of the group once more.
  assert.ok(checked > fileBytes && checked < 2 * fileBytes);
  assert.deepEqual(Object.keys(start), [...START_PARTS]);
  for (const part of START_PARTS) assert.ok(start[part] > 0, part);
  const ofTheStep = start["programs run"] + start["frozen weights read"];
  assert.ok(ofTheStep <= seconds[0]!, "parts of the first step alone");
});

test("four layers of the real widths train within their plan", async (t) => {
  const model = { ...qwen3(4), vocab_size: 2048 };
  const shape = { model, experts: 2, sequence: 64, steps: 1, folder: temporaryFolder(t) };
  const { losses, trained, before, peaks, planned } = await trainLarge(device, shape);
  assert.equal(trained, 4 * 2 * 3 * 2048 * 768);
  assert.ok(Math.abs(losses[0]! - Math.log(2048)) < 1, `${losses}`);
  const grown = peaks.anonymous - before.anonymous;
  if (process.platform === "linux") assert.ok(grown < 1.15 * planned, `${grown} of ${planned}`);
});

test("a blob that was changed after it was stored is not trained from", async (t) => {
  const home = temporaryFolder(t);
  const store = directoryStore(join(home, "blobs"));
  const { own } = await generateShard(store, home, { model: narrowModel(), experts: 4, sequence: 64 });
  await (await openStored(own, openFrom(store))).close();
  const path = store.path(blobsOf(own.part)[0]!.hash);
  const bytes = readFileSync(path);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(path, bytes);
  await assert.rejects(openStored(own, openFrom(store)), /is not there as it was stored/);
});

describe("the target of memory", () => {
  test("is the smallest of those that a case is a cut of", () => {
    assert.equal(trainTarget({ layers: 48, experts: 4, sequence: 4096 }), 20e9);
    assert.equal(trainTarget({ layers: 48, experts: 2, sequence: 4096 }), 20e9);
    assert.equal(trainTarget({ layers: 48, experts: 2, sequence: 2048 }), 12e9);
    assert.equal(trainTarget({ layers: 4, experts: 2, sequence: 2048 }), 12e9);
    assert.equal(trainTarget({ layers: 48, experts: 8, sequence: 4096 }), null);
    assert.equal(qwen3().num_hidden_layers, 48);
  });
});

describe("shares of time", () => {
  test("are of the innermost part, and together all that has passed", async () => {
    let at = 0;
    const pass = (milliseconds: number) => {
      at += milliseconds;
    };
    const { during, seconds } = timeShares(["open", "check", "rest"], "rest", () => at);
    pass(1000);
    await during("open", async () => {
      pass(2000);
      await during("check", async () => pass(4000));
      pass(8000);
    });
    pass(16_000);
    assert.deepEqual(seconds(), { open: 10, check: 4, rest: 17 });
    await assert.rejects(
      during("check", async () => {
        pass(1000);
        throw new Error("gone");
      }),
      /gone/,
    );
    pass(500);
    assert.deepEqual(seconds(), { open: 10, check: 5, rest: 17.5 });
  });
});
