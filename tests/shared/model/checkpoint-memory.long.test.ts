import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createRandom } from "#shared/data/random.js";
import { sizeOf } from "#shared/engine/tensor.js";
import { createCheckpoint } from "#shared/model/checkpoint-writer.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { MICRO } from "./micro.js";

const PROGRAM = fileURLToPath(new URL("./part-process.js", import.meta.url));
const MB = 1e6;
/** What a process may take beyond the data it was asked for: the heap, a scratch buffer, pages of files on their way. */
const SLACK = 40 * MB;

/** 76 M parameters, nearly all of them experts: 153 MB in bfloat16, 305 MB in float32. */
const CONFIG: ModelConfig = {
  ...MICRO,
  vocab_size: 264,
  hidden_size: 512,
  head_dim: 32,
  num_hidden_layers: 4,
  num_experts: 24,
  moe_intermediate_size: 512,
};
/** Twelve groups of two experts a layer. */
const GROUPS = Object.fromEntries(
  Array.from({ length: 12 }, (_, group) => [
    `g${group}`,
    {
      experts: Object.fromEntries([0, 1, 2, 3].map((layer) => [layer, [2 * group, 2 * group + 1]])),
      data: [{ kind: "arithmetic", weight: 1 }],
    },
  ]),
);

/** Writes a checkpoint that is never in memory as a whole; the first element of each tensor is its place in the model. */
const generate = async (dir: string): Promise<void> => {
  const shapes = Object.entries(parameterShapes(CONFIG));
  const random = createRandom("large");
  const noise = Float32Array.from({ length: Math.max(...shapes.map(([, shape]) => sizeOf(shape))) }, random.next);
  const writer = await createCheckpoint(dir, CONFIG, { dtype: "bfloat16", maxShardBytes: 40 * MB });
  for (const [place, [name, shape]] of shapes.entries()) {
    noise[0] = place;
    await writer.write(name, { shape, data: noise.subarray(0, sizeOf(shape)) });
  }
  await writer.finish();
};

interface Taken {
  readonly before: number;
  readonly after: number;
  readonly bytes: number;
  readonly firsts: Readonly<Record<string, number>>;
}

const inProcess = (dir: string, job: object): Taken => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [PROGRAM, dir, JSON.stringify(job)], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
};

const report = (context: TestContext, what: string, { before, after }: Taken, of: number) =>
  context.diagnostic(
    `${what}: peak resident ${(after / MB).toFixed(0)} MB, of which ${(before / MB).toFixed(0)} MB before; the data is ${(of / MB).toFixed(0)} MB`,
  );

test("of a checkpoint of 153 MB, hub and one group take the memory of hub and group", async (context) => {
  const dir = join(temporaryFolder(context), "model");
  await generate(dir);
  const sizes = readdirSync(dir).map((name) => statSync(join(dir, name)).size);
  const total = sizes.reduce((sum, size) => sum + size);
  assert.ok(total > 150 * MB && sizes.length > 5);

  const loaded = inProcess(dir, { groups: GROUPS, load: "g7" });
  report(context, "hub and group g7", loaded, loaded.bytes);
  const [hub, group] = [hubShapes(CONFIG, GROUPS), groupShapes(CONFIG, GROUPS.g7!)];
  assert.equal(loaded.bytes, 4 * (countParameters(hub) + countParameters(group)));
  assert.ok(loaded.after - loaded.before < loaded.bytes + SLACK);
  const places = Object.keys(parameterShapes(CONFIG));
  const exact = (place: number) => place < 256 || place % 2 === 0;
  assert.deepEqual(Object.keys(loaded.firsts).sort(), [...Object.keys(hub), ...Object.keys(group)].sort());
  for (const [name, first] of Object.entries(loaded.firsts)) {
    const place = places.indexOf(name);
    assert.ok(exact(place) ? first === place : Math.abs(first - place) <= 1, name);
  }

  const blobs = join(dir, "..", "blobs");
  const imported = inProcess(dir, { groups: GROUPS, into: blobs });
  const [, ...parts] = readdirSync(blobs, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(blobs, name)))
    .filter((found) => found.isFile())
    .map(({ size }) => size)
    .sort((a, b) => a - b);
  const largest = parts.at(-1)!;
  report(context, "import of all, tensor by tensor", imported, largest);
  assert.equal(parts.length, 13);
  const stored = parts.reduce((sum, size) => sum + size);
  assert.ok(stored > 150 * MB && stored < total, "parts are stored in the checkpoint's own precision");
  assert.ok(imported.after - imported.before < SLACK);
});
