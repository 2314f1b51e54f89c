import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";
import { readCheckpoint, writeCheckpoint } from "#shared/model/checkpoint.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { createCheckpoint } from "#shared/model/checkpoint-writer.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import { CHECKPOINT_DTYPES, type CheckpointDType } from "#shared/model/huggingface-config.js";
import { parameterShapes } from "#shared/model/parameters.js";
import { checkpointFloats, parametersFloats } from "#shared/model/part-floats.js";
import { toFloats } from "#shared/tensor-files/float32.js";
import { parseSafetensors } from "#shared/tensor-files/safetensors.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { editTensors } from "./edit-tensors.js";
import { loadGroup, loadHub } from "./load-parts.js";
import { floatsOf, MICRO, microParameters, relativeError, runForward } from "./micro.js";

const FIXTURE = fileURLToPath(new URL("../../../../tests/vectors/qwen3-moe-sharded", import.meta.url));
const INDEX = "model.safetensors.index.json";
const ROUTER = "model.layers.1.mlp.gate.weight";
const DTYPES = Object.keys(CHECKPOINT_DTYPES) as readonly CheckpointDType[];
const GROUPS = {
  a: { experts: { "0": [0, 3], "1": [1] }, data: [] },
  b: { experts: { "0": [1], "1": [0, 2] }, data: [] },
};

const fault = (code: ErrorCode, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof BlockZeroError, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  assert.match(thrown.message, message);
  assert.doesNotMatch(thrown.message + thrown.hint, /\n/);
  return true;
};

const sharded = async (context: TestContext, dtype: CheckpointDType = "float32", maxShardBytes = 6000) => {
  const dir = join(temporaryFolder(context), "model");
  const parameters = microParameters();
  await writeCheckpoint(dir, MICRO, parameters, { dtype, maxShardBytes });
  const shards = readdirSync(dir).filter((name) => name.startsWith("model-"));
  return { dir, parameters, shards, index: join(dir, INDEX) };
};

const readIndex = (path: string): { metadata: { total_size: number }; weight_map: Record<string, string> } =>
  JSON.parse(readFileSync(path, "utf8"));
const editIndex = (path: string, edit: (map: Record<string, string>) => void) => {
  const index = readIndex(path);
  edit(index.weight_map);
  writeFileSync(path, JSON.stringify(index));
};

/** The elements of all pieces, each copied before the next is asked for. */
const elementsOf = async (pieces: AsyncIterable<Float32Array>): Promise<readonly number[]> => {
  const elements: number[] = [];
  for await (const piece of pieces) elements.push(...piece);
  return elements;
};

describe("sharded checkpoint", () => {
  for (const dtype of DTYPES)
    it(`reads back what it wrote in ${dtype}, in shards that hold no more than they may`, async (context) => {
      const { dir, parameters, shards, index } = await sharded(context, dtype);
      const read = await readCheckpoint(dir, MICRO);
      const rounding = { float32: 0, bfloat16: 2 ** -8, float16: 2 ** -11 }[dtype];
      for (const [name, { data, shape }] of Object.entries(parameters)) {
        assert.deepEqual(read.parameters[name]!.shape, shape);
        assert.ok(relativeError(read.parameters[name]!.data, data) <= rounding, name);
      }
      const { metadata, weight_map } = readIndex(index);
      const files = shards.map((name) => parseSafetensors(readFileSync(join(dir, name))));
      const sizes = files.map(({ tensors }) => [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0));
      assert.ok(shards.length > 2 && shards[0] === `model-00001-of-0000${shards.length}.safetensors`, `${shards}`);
      assert.ok(sizes.every((size) => size <= 6000));
      assert.equal(
        metadata.total_size,
        sizes.reduce((sum, size) => sum + size),
      );
      assert.deepEqual(Object.keys(weight_map).sort(), Object.keys(parameters).sort());
      for (const { tensors, metadata } of files) {
        assert.equal(metadata.get("format"), "pt");
        for (const tensor of tensors.values()) assert.equal(tensor.dtype, CHECKPOINT_DTYPES[dtype]);
      }
      assert.equal(JSON.parse(readFileSync(join(dir, "config.json"), "utf8")).torch_dtype, dtype);
    });

  it("reads what transformers wrote in bfloat16, and computes the same logits", async () => {
    const { config, parameters } = await readCheckpoint(FIXTURE);
    const { tensors } = parseSafetensors(readFileSync(join(FIXTURE, "reference.safetensors")));
    const rows = tensors.get("ids")!;
    const [batchSize, sequenceLength] = rows.shape as readonly [number, number];
    const view = new DataView(rows.data.buffer, rows.data.byteOffset, rows.data.byteLength);
    const ids = Array.from({ length: batchSize * sequenceLength }, (_, i) => Number(view.getBigInt64(8 * i, true)));
    const { logits } = await runForward({ parameters, ids, shape: { config, batchSize, sequenceLength } });
    const error = relativeError(floatsOf(logits), toFloats(tensors.get("logits")!));
    assert.ok(error < 1e-4, `relative error ${error}`);
  });

  it("loads the hub and one group, and leaves the rest unread", async (context) => {
    const { dir, parameters } = await sharded(context, "float32");
    const checkpoint = await openCheckpoint(dir, { model: MICRO });
    context.after(() => checkpoint.close());
    const hub = await loadHub(checkpoint, GROUPS);
    assert.deepEqual(Object.keys(hub).sort(), Object.keys(hubShapes(MICRO, GROUPS)).sort());
    const group = await loadGroup(checkpoint, GROUPS.a);
    assert.deepEqual(Object.keys(group).sort(), Object.keys(groupShapes(MICRO, GROUPS.a)).sort());
    for (const [name, tensor] of Object.entries({ ...hub, ...group })) assert.deepEqual(tensor, parameters[name]);
  });

  it("reads a stretch of a tensor, also one longer than is converted at a time", async (context) => {
    const dir = join(temporaryFolder(context), "model");
    const config = { ...MICRO, vocab_size: 70_000 };
    const whole = microParameters(config);
    const name = "model.embed_tokens.weight";
    await writeCheckpoint(dir, config, whole, { dtype: "bfloat16" });
    const checkpoint = await openCheckpoint(dir);
    context.after(() => checkpoint.close());
    const { data } = await checkpoint.read(name);
    assert.ok(relativeError(data, whole[name]!.data) < 2 ** -8);
    const stretch = new Float32Array(700_000);
    await checkpoint.readInto(name, stretch, 123_457);
    assert.deepEqual(stretch, data.slice(123_457, 823_457));
    await assert.rejects(
      checkpoint.readInto(name, stretch, 70_000 * 16 - 1),
      fault("CHECKPOINT_MALFORMED", /no bytes/),
    );
    await assert.rejects(
      checkpoint.read("lm_head.weight"),
      fault("CHECKPOINT_MISMATCH", /"lm_head.weight" is not part/),
    );
  });

  it("gives the parts of a model as its tensors in memory do", async (context) => {
    const { dir } = await sharded(context, "float16");
    const { parameters } = await readCheckpoint(dir);
    const checkpoint = await openCheckpoint(dir);
    context.after(() => checkpoint.close());
    const floats = checkpointFloats(checkpoint);
    for (const shapes of [hubShapes(MICRO, GROUPS), groupShapes(MICRO, GROUPS.b)]) {
      assert.deepEqual(
        await elementsOf(floats.read(shapes)),
        await elementsOf(parametersFloats(parameters).read(shapes)),
      );
    }
  });

  it("makes no part of numbers that are not finite", async (context) => {
    const { dir } = await sharded(context, "float32", 1e9);
    editTensors(join(dir, "model.safetensors"), (tensors) => {
      const router = tensors.get(ROUTER)!;
      tensors.set(ROUTER, { ...router, data: new Uint8Array(router.data.length).fill(0xff) });
    });
    const checkpoint = await openCheckpoint(dir);
    context.after(() => checkpoint.close());
    const part = elementsOf(checkpointFloats(checkpoint).read(hubShapes(MICRO, GROUPS)));
    await assert.rejects(part, fault("CHECKPOINT_NOT_FINITE", /model\.layers\.1\.mlp\.gate\.weight/));
  });
});

describe("checkpoint writer", () => {
  it("says what it was not given, or given wrongly, and leaves nothing", async (context) => {
    const dir = join(temporaryFolder(context), "model");
    const writer = await createCheckpoint(dir, MICRO, { maxShardBytes: 6000, dtype: "float16" });
    const norm = microParameters()["model.norm.weight"]!;
    const refuses = (name: string, tensor: typeof norm, code: ErrorCode, message: RegExp) =>
      assert.rejects(writer.write(name, tensor), fault(code, message));
    await refuses("lm_head.weight", norm, "CHECKPOINT_MISMATCH", /"lm_head.weight" is not part of it/);
    await refuses("model.norm.weight", { ...norm, shape: [4, 4] }, "CHECKPOINT_MISMATCH", /is \[4,4\], .* says \[16\]/);
    const large = { ...norm, data: norm.data.map(() => -65_520) };
    await refuses("model.norm.weight", large, "CHECKPOINT_RANGE", /holds -65520, which float16 cannot/);
    await writer.write("model.norm.weight", norm);
    await assert.rejects(writer.finish(), fault("CHECKPOINT_MISMATCH", /embed_tokens\.weight is missing/));
    await writer.discard();
    assert.deepEqual(readdirSync(join(dir, "..")), []);
  });

  it("does not write beside weights that a reader would take instead", async (context) => {
    const { dir, parameters } = await sharded(context);
    const again = (maxShardBytes: number) => writeCheckpoint(dir, MICRO, parameters, { maxShardBytes });
    await again(6000);
    await assert.rejects(again(1e9), fault("CHECKPOINT_EXISTS", /holds model/));
    await assert.rejects(again(9000), fault("CHECKPOINT_EXISTS", /holds model-0000/));
    await assert.rejects(again(0.1), fault("CHECKPOINT_EXISTS", /holds model-0000/));
    await readCheckpoint(dir, MICRO);
  });

  it("refuses more shards than can be open", async (context) => {
    const dir = join(temporaryFolder(context), "model");
    const many = createCheckpoint(dir, { ...MICRO, num_experts: 200 }, { maxShardBytes: 1 });
    await assert.rejects(many, fault("CHECKPOINT_SHARDS", /would be 1220, at most 1000/));
    assert.deepEqual(readdirSync(join(dir, "..")), []);
  });
});

describe("hostile or broken shards", () => {
  const refuses = async (
    context: TestContext,
    edit: (made: Awaited<ReturnType<typeof sharded>>) => void,
    code: ErrorCode,
    message: RegExp,
  ) => {
    const made = await sharded(context);
    edit(made);
    await assert.rejects(openCheckpoint(made.dir, { model: MICRO }), fault(code, message));
  };

  for (const outside of ["../x.safetensors", "/etc/x.safetensors", "a\\x.safetensors", "..", "sub/x.safetensors", ""])
    it(`does not follow an index to ${JSON.stringify(outside)}`, (context) =>
      refuses(
        context,
        ({ index }) => editIndex(index, (map) => Object.assign(map, { [ROUTER]: outside })),
        "CHECKPOINT_MALFORMED",
        /index\.json: tensor "model\.layers\.1\.mlp\.gate\.weight" is in ".*", no shard of this folder/,
      ));

  it("does not follow a link out of the folder", (context) =>
    refuses(
      context,
      ({ dir, shards }) => {
        const inside = join(dir, shards[1]!);
        renameSync(inside, join(dir, "..", "elsewhere"));
        symlinkSync(join("..", "elsewhere"), inside);
      },
      "CHECKPOINT_MALFORMED",
      /model-00002-.* is a link that leads out of the folder/,
    ));

  it("follows links within the folder, and those of Hugging Face's cache", async (context) => {
    const { dir, shards } = await sharded(context);
    renameSync(join(dir, shards[0]!), join(dir, "first"));
    symlinkSync("first", join(dir, shards[0]!));
    await readCheckpoint(dir, MICRO);
    const cache = temporaryFolder(context);
    const [blobs, snapshot] = [join(cache, "blobs"), join(cache, "snapshots", "abc")];
    cpSync(dir, blobs, { recursive: true, dereference: true });
    mkdirSync(snapshot, { recursive: true });
    for (const name of [...shards, INDEX, "config.json"])
      symlinkSync(join("..", "..", "blobs", name), join(snapshot, name));
    await readCheckpoint(snapshot, MICRO);
  });

  it("says which shard is missing", (context) =>
    refuses(
      context,
      ({ dir, shards }) => rmSync(join(dir, shards[2]!)),
      "CHECKPOINT_NOT_FOUND",
      /model-00003-of-.*: ENOENT/,
    ));

  it("says which shard is cut short", (context) =>
    refuses(
      context,
      ({ dir, shards }) => truncateSync(join(dir, shards[1]!), 5000),
      "CHECKPOINT_MALFORMED",
      /model-00002-of-.*: tensors take \d+ bytes, the file has/,
    ));

  it("refuses a folder in a shard's place", (context) =>
    refuses(
      context,
      ({ dir, shards }) => {
        rmSync(join(dir, shards[1]!));
        mkdirSync(join(dir, shards[1]!));
      },
      "CHECKPOINT_NOT_FOUND",
      /not a regular file/,
    ));

  it("refuses a tensor that is in two shards", (context) =>
    refuses(
      context,
      ({ dir, shards, index }) => {
        const from = readIndex(index).weight_map[ROUTER]!;
        const tensor = parseSafetensors(readFileSync(join(dir, from))).tensors.get(ROUTER)!;
        editTensors(join(dir, shards.find((name) => name !== from)!), (tensors) => tensors.set(ROUTER, tensor));
      },
      "CHECKPOINT_MALFORMED",
      /"model\.layers\.1\.mlp\.gate\.weight" is in another shard too/,
    ));

  it("refuses an index that says otherwise than the shards", async (context) => {
    const router = /"model\.layers\.1\.mlp\.gate\.weight"/;
    const elsewhere = (made: Awaited<ReturnType<typeof sharded>>) =>
      editIndex(made.index, (map) => {
        map[ROUTER] = made.shards.find((name) => name !== map[ROUTER])!;
      });
    await refuses(context, elsewhere, "CHECKPOINT_MALFORMED", router);
    const unlisted = ({ index }: { index: string }) => editIndex(index, (map) => delete map[ROUTER]);
    await refuses(context, unlisted, "CHECKPOINT_MALFORMED", /gate\.weight" of model-.* is not listed there/);
    const unheld = ({ index, shards }: { index: string; shards: readonly string[] }) =>
      editIndex(index, (map) => Object.assign(map, { ghost: shards[0]! }));
    await refuses(context, unheld, "CHECKPOINT_MALFORMED", /"ghost" is not in model-00001/);
  });

  it("refuses tensors missing or too many, in index and shards alike", async (context) => {
    await refuses(
      context,
      ({ dir, index }) => {
        const shard = readIndex(index).weight_map[ROUTER]!;
        editIndex(index, (map) => delete map[ROUTER]);
        editTensors(join(dir, shard), (tensors) => tensors.delete(ROUTER));
      },
      "CHECKPOINT_MISMATCH",
      /gate\.weight is missing/,
    );
    await refuses(
      context,
      ({ dir, index, shards }) => {
        editIndex(index, (map) => Object.assign(map, { "lm_tail.weight": shards[0]! }));
        editTensors(join(dir, shards[0]!), (tensors) =>
          tensors.set("lm_tail.weight", { dtype: "F32", shape: [1], data: new Uint8Array(4) }),
        );
      },
      "CHECKPOINT_MISMATCH",
      /"lm_tail\.weight" is not part of it/,
    );
  });

  it("refuses an index that is none", async (context) => {
    const text = (content: string | Uint8Array, message: RegExp) =>
      refuses(context, ({ index }) => writeFileSync(index, content), "CHECKPOINT_MALFORMED", message);
    await text("{", /index\.json: .*JSON/);
    await text("[]", /weight_map is not an object/);
    await text('{"weight_map": {"a": 1}}', /weight_map is not an object/);
    await text('{"weight_map": {}}', /names no tensor/);
    await text('{"weight_map": {"__proto__": "x.safetensors", "a": "x.safetensors"}}', /weight_map is not an object/);
    await text('{"weight_map": {"a": "x.safetensors", "\\u0061": "y.safetensors"}}', /a key appears twice/);
    await text(`{"weight_map": ${"[".repeat(1000)}`, /nested deeper/);
    await text(Uint8Array.of(0x7b, 0xff), /index\.json/);
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`t${i}`, `${i}.safetensors`]));
    await text(JSON.stringify({ weight_map: many }), /names 1001 shards, at most 1000/);
    await refuses(context, ({ index }) => truncateSync(index, 33 << 20), "CHECKPOINT_MALFORMED", /at most 33554432/);
  });

  it("notices a shard that shrinks while it is read", async (context) => {
    const { dir, index } = await sharded(context);
    const checkpoint = await openCheckpoint(dir);
    context.after(() => checkpoint.close());
    truncateSync(join(dir, readIndex(index).weight_map[ROUTER]!), 1000);
    await assert.rejects(checkpoint.read(ROUTER), fault("CHECKPOINT_MALFORMED", /it has shrunk since it was opened/));
  });

  it("answers any damage to a file with a code, or reads a whole model", async (context) => {
    const { dir, shards, parameters } = await sharded(context, "bfloat16", 12_000);
    const files = ["config.json", INDEX, ...shards];
    const originals = new Map(files.map((name) => [name, readFileSync(join(dir, name))]));
    const change = fc.record({
      file: fc.constantFrom(...files),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      how: fc.constantFrom("set", "insert", "remove", "swap"),
      value: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('0123456789"{}[]:,./\\-'))),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const touched = new Map<string, number[]>();
        for (const { file, at, how, value } of changes) {
          const bytes = touched.get(file) ?? [...originals.get(file)!];
          // Of a shard only the header decides: the weights may be any numbers.
          const place = Math.floor(at * Math.min(bytes.length, 2000));
          if (how === "set") bytes[place] = value;
          else if (how === "insert") bytes.splice(place, 0, value);
          else if (how === "remove") bytes.splice(place, 1);
          else bytes.splice(place, 8, ...bytes.slice(place, place + 8).reverse());
          touched.set(file, bytes);
        }
        for (const [file, bytes] of touched) writeFileSync(join(dir, file), Uint8Array.from(bytes));
        try {
          const read = await readCheckpoint(dir);
          assert.deepEqual(Object.keys(read.parameters).sort(), Object.keys(parameterShapes(read.config)).sort());
          assert.deepEqual(Object.keys(read.parameters).sort(), Object.keys(parameters).sort());
        } catch (thrown) {
          assert.ok(thrown instanceof BlockZeroError, String(thrown));
          assert.match(thrown.code, /^CHECKPOINT_(MALFORMED|MISMATCH|NOT_FOUND)$/);
          assert.doesNotMatch(thrown.message + thrown.hint, /\n/);
        } finally {
          for (const file of touched.keys()) writeFileSync(join(dir, file), originals.get(file)!);
        }
      }),
      { seed: 5, numRuns: 1000 },
    );
  });
});
