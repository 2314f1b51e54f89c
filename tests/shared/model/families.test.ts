import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { FAMILIES } from "#shared/model/families/index.js";
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
