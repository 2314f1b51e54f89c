import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkpointBases } from "#bench/shards/checkpoint-bases.js";
import { compareModes, type Figure } from "#bench/shards/compare-modes.js";
import { describeModes } from "#bench/shards/report.js";
import { DEMONSTRATION } from "#localnet/demonstration/demonstration.js";
import { createRandom } from "#shared/data/random.js";
import { writeCheckpoint } from "#shared/model/checkpoint.js";
import { initialParameters } from "#shared/model/init.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { denseMicro, device } from "#tests/shared/model/micro.js";
import { smallTokenizerFiles } from "#tests/support/small-tokenizer.js";

test("each group of an upcycled checkpoint is trained in each mode, and compared on the same text", async (t) => {
  const dir = join(temporaryFolder(t), "dense");
  const dense = denseMicro("llama", { vocab_size: 2048 });
  await writeCheckpoint(dir, dense, initialParameters(dense, createRandom("dense")));
  writeFileSync(join(dir, "tokenizer.json"), smallTokenizerFiles.tokenizer);
  writeFileSync(join(dir, "tokenizer_config.json"), smallTokenizerFiles.config);
  const told: string[] = [];
  const watch = { signal: t.signal, onStep: (...step: [string, number, number]) => told.push(step.join(" ")) };
  const figures: Figure[] = [];
  let text: string | undefined;
  for await (const base of checkpointBases(dir, { ...watch, device, pretraining: 3, steps: 2 })) {
    const { model, groups } = base.network;
    assert.equal(model.num_experts, 2 * DEMONSTRATION.groupExperts + 1, "one is nobody's");
    assert.deepEqual(base.training, { ...base.training, ...DEMONSTRATION.training, max_steps: 2 });
    text = groups.code!.data[0]!.path;
    assert.ok(existsSync(text!));
    for await (const figure of compareModes(device, base, watch)) figures.push(figure);
  }
  assert.ok(!existsSync(text!), "the text goes with the base");

  const groups = ["prose", "code"];
  const modes = ["full", "restricted", "anchored"];
  assert.deepEqual(
    figures.map(({ group, mode }) => `${group} ${mode}`),
    groups.flatMap((group) => modes.map((mode) => `${group} ${mode}`)),
  );
  assert.deepEqual(told, [
    ...[1, 2, 3].map((step) => `training the routers ${step} 3`),
    ...groups.flatMap((group) => modes.flatMap((mode) => [1, 2].map((step) => `${group}, ${mode} ${step} 2`))),
  ]);
  for (const { group, mode, whole, shard, reduction, againstFull, ...one } of figures) {
    assert.ok(Math.abs(shard - whole) < 1e-5, `copies agree: ${shard}, ${whole}`);
    assert.ok(Math.abs(whole - Math.log(2048)) < 1, `weights are random: ${whole}`);
    assert.ok(reduction.standardError > 0 && one.stepSeconds > 0);
    assert.ok(one.ownChoices > 0 && one.ownChoices < 1);
    const full = figures.find((other) => other.group === group && other.mode === "full")!;
    assert.ok(Math.abs(reduction.mean - full.reduction.mean - againstFull.mean) < 1e-9, `${group} ${mode}`);
    assert.equal(againstFull.standardError === 0, mode === "full");
  }
  assert.match(describeModes(figures), /code +\d+\.\d % +full +\d\.\d{4} +\d\.\d{4} +-?0\.\d{4} ± 0\.\d{4} /);
});
