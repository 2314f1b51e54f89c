import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { FAMILIES } from "#shared/model/families/index.js";
import { fromHuggingFaceConfig } from "#shared/model/huggingface-config.js";
import { coded } from "#tests/support/coded.js";
import { floatsOf, relativeError } from "./micro.js";
import { ourResults } from "./our-results.js";
import { references, VECTORS } from "./reference.js";

const TOLERANCE = 1e-4;

describe("families of models, against transformers", () => {
  it("have two references each", () => {
    const folders = readdirSync(join(VECTORS, "families"), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    assert.deepEqual(folders.map(({ name }) => name).sort(), Object.keys(FAMILIES).sort());
    for (const { name } of folders) assert.equal(references(`families/${name}`).length, 2);
  });

  it("are refused where they choose experts by a rule that is not known", () => {
    const { dir } = references("families/deepseek_v2")[0]!;
    const document = JSON.parse(readFileSync(join(dir, "config.json"), "utf8"));
    const read = (topk_method: unknown) => fromHuggingFaceConfig({ ...document, topk_method }, "config.json");
    for (const method of ["greedy", "group_limited_greedy", null, undefined]) assert.ok(read(method));
    assert.throws(
      () => read("noaux_tc"),
      coded("CHECKPOINT_MALFORMED", /topk_method: only greedy and group_limited_greedy are supported/),
    );
  });

  for (const family of Object.keys(FAMILIES))
    for (const reference of references(`families/${family}`))
      it(`${family}, ${reference.name}: the same logits, loss and gradients`, async () => {
        const { config } = await readCheckpoint(reference.dir);
        assert.equal(config.model_type ?? "qwen3_moe", family);
        const results = await ourResults(reference);
        const agree = (name: string, expected: ArrayLike<number>) => {
          const error = relativeError(floatsOf(results[name]), expected);
          assert.ok(error < TOLERANCE, `${name}: relative error ${error}`);
        };
        agree("logits", reference.logits.data);
        agree("loss", [reference.loss]);
        for (const [name, { data }] of Object.entries(reference.gradients)) agree(name, data);
      });
});
