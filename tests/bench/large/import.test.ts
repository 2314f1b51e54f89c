import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { importLarge } from "#bench/large/import.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { parameterShapes } from "#shared/model/parameters.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { device } from "#tests/shared/model/micro.js";
import { narrowModel } from "./narrow-model.js";

test("a narrow cut is measured, imported, published and exported: the same checkpoint, and nothing stays", async (t) => {
  const folder = temporaryFolder(t);
  const model = narrowModel(8);
  const names = Object.keys(parameterShapes(model));
  let drawn = 0;
  const stages = await importLarge({
    model,
    groups: 2,
    windows: 2,
    sequence: 64,
    device,
    folder,
    async onExport(generated, exported) {
      const [from, to] = [await openCheckpoint(generated), await openCheckpoint(exported)];
      for (const name of names) {
        const [before, after] = [await from.read(name), await to.read(name)];
        assert.deepEqual([to.tensors.get(name)!.dtype, after], ["BF16", before]);
        if (before.data.some((value) => value !== 0)) drawn++;
      }
      await from.close();
      await to.close();
    },
  });
  // All but the other group's experts.
  assert.equal(drawn, names.length - 4 * 4 * 3);
  assert.deepEqual(
    stages.map(({ name }) => name),
    ["measure", "import", "publish", "export"],
  );
  const whole = names.reduce((sum, name) => sum + 2 * parameterShapes(model)[name]!.reduce((a, b) => a * b, 1), 0);
  for (const of of [0, 1, 3]) assert.equal(stages[of]!.bytes, whole);
  assert.ok(stages[2]!.bytes < whole);
  if (process.platform === "linux")
    for (const { name, before, peak } of stages) assert.ok(before > 0 && peak - before < 200e6, `${name}: ${peak}`);
  assert.deepEqual(readdirSync(folder), []);
});
