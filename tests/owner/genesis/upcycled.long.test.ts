import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { stringify } from "yaml";
import { createRandom } from "#shared/data/random.js";
import { writeCheckpoint } from "#shared/model/checkpoint.js";
import { initialParameters } from "#shared/model/init.js";
import { type ModelConfig, modelConfigSchema } from "#shared/protocol/model-config.js";
import { run } from "#tests/programs/process.js";
import { smallNetwork } from "#tests/programs/small-network.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { microParameters } from "#tests/shared/model/micro.js";

const { num_experts: _, num_experts_per_tok: __, moe_intermediate_size: width, ...shape } = smallNetwork.model;
const dense: ModelConfig = modelConfigSchema.parse({
  ...shape,
  model_type: "llama",
  intermediate_size: width,
  num_experts: 0,
  num_experts_per_tok: 0,
  moe_intermediate_size: 0,
  norm_topk_prob: false,
});

const GROUPS = {
  math: { ...smallNetwork.groups.math, experts: [0, 1] },
  prose: { experts: [2], data: [{ kind: "sotu" }] },
};

const folder = async (t: TestContext, template: object) => {
  const cwd = temporaryFolder(t);
  await writeCheckpoint(join(cwd, "dense"), dense, initialParameters(dense, createRandom("dense")));
  writeFileSync(join(cwd, "template.yaml"), stringify({ ...smallNetwork, groups: GROUPS, ...template }));
  return cwd;
};

describe("genesis by upcycling", () => {
  it("trains the routers alone until a group's text goes to its experts, and keeps the dense model's loss", async (t) => {
    const cwd = await folder(t, { model: "from-checkpoint" });
    const genesis = (...args: readonly string[]) =>
      run(
        "blockzero",
        ["genesis", "--network", "template.yaml", "--from", "dense", "--threads", "1", "--json", ...args],
        {
          cwd,
        },
      );
    const once = ["--experts", "3", "--steps", "1", "--batch-size", "4"];
    const refused = await genesis(...once, "--out", "refused");
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /✖ ROUTED_ELSEWHERE .*"math" 49\.\d % of the choices, by chance 66\.7 %/);
    const few = await genesis(...once, "--out", "few", "--force");
    assert.equal(few.status, 0, few.stderr);
    const many = await genesis(
      "--experts",
      "3",
      "--steps",
      "60",
      "--out",
      "many",
      "--batch-size",
      "4",
      "--learning-rate",
      "0.05",
    );
    assert.equal(many.status, 0, many.stderr);
    const [first, last] = [JSON.parse(few.stdout), JSON.parse(many.stdout)];
    for (const group of ["math", "prose"]) {
      assert.ok(Math.abs(first.valLoss[group] - last.valLoss[group]) < 1e-5);
      assert.ok(Math.abs(last.shardLoss[group] - last.valLoss[group]) < 1e-5);
    }
    const mean = ({ math, prose }: Record<string, number>) => (math! + prose!) / 2;
    assert.ok(mean(last.ownChoices) > 0.7, JSON.stringify(last.ownChoices));
    assert.ok(mean(last.ownChoices) > mean(first.ownChoices));
  });

  it("refuses flags that would change nothing", async (t) => {
    const cwd = await folder(t, { model: "from-checkpoint" });
    for (const args of [
      ["--experts", "2"],
      ["--from", "dense", "--experts-per-token", "2"],
    ]) {
      const { status, stderr } = await run(
        "blockzero",
        ["genesis", "--network", "template.yaml", "--out", "x", ...args],
        {
          cwd,
        },
      );
      assert.equal(status, 2);
      assert.match(stderr, /✖ USAGE .*needs/);
    }
  });
});

describe("genesis of a model whose shards are other functions", () => {
  it("refuses, says which mode would do, and goes on when forced", async (t) => {
    const cwd = temporaryFolder(t);
    const { model } = smallNetwork;
    await writeCheckpoint(join(cwd, "model"), model, microParameters(model));
    const genesis = async (out: string, shard: object, ...args: readonly string[]) => {
      writeFileSync(join(cwd, "template.yaml"), stringify({ ...smallNetwork, model: { ...model, ...shard } }));
      return run("blockzero", ["genesis", "--network", "template.yaml", "--from", "model", "--out", out, ...args], {
        cwd,
      });
    };
    const refused = await genesis("a", {});
    assert.equal(refused.status, 2, refused.stdout);
    assert.match(refused.stderr, /✖ SHARD_DIFFERS .*"math" \d.*set model.shard to \{ mode: (anchored|full) \}/);
    assert.equal((await genesis("b", {}, "--force")).status, 0);
    assert.equal((await genesis("c", { shard: { mode: "full" } })).status, 0);
    const wide = await genesis("d", {}, "--shard-margin", "100");
    assert.match(wide.stdout, /shard loss math +\d\.\d{4} nats, restricted/);
  });
});
