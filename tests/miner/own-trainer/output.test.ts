import assert from "node:assert/strict";
import { mkdirSync, readdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { outputFiles, pruneOutput, readOutput } from "#miner/own-trainer/output.js";
import { hasCode } from "#shared/errors/error.js";
import { encodeSafetensors, type Tensor } from "#shared/tensor-files/safetensors.js";
import { inMemory } from "#shared/training/float-source.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";

const base = inMemory({
  a: { dtype: "float32", shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) },
  b: { dtype: "float32", shape: [3], data: new Float32Array(3) },
});

const floats = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor => ({
  dtype: "F32",
  shape,
  data: new Uint8Array(new Float32Array(values).buffer),
});

const good = { a: floats([1, 2, 3, 5], [2, 2]), b: floats([0, 0, -1]) };

const encoded = (tensors: Readonly<Record<string, Tensor>>, metadata: Readonly<Record<string, string>> = {}) =>
  encodeSafetensors(new Map(Object.entries(tensors)), new Map(Object.entries(metadata)));

describe("a checkpoint of a trainer's program", () => {
  it("is what it gained, with the tokens that its metadata says", async (t) => {
    const path = join(temporaryFolder(t), "experts-3.safetensors");
    writeFileSync(path, encoded(good, { tokens: "640", format: "pt" }));
    const { update, tokens } = await readOutput({ step: 3, path }, base);
    assert.deepEqual(update.shapes, base.shapes);
    assert.deepEqual([...(await update.read("a")).data], [0, 0, 0, 1]);
    assert.deepEqual([...(await update.read("b")).data], [0, 0, -1]);
    assert.equal(tokens, 640);
  });

  const { a, b } = good;
  const half = { dtype: "F16", shape: [3], data: new Uint8Array(6) } as const;
  const faults: readonly (readonly [string, (path: string) => void, RegExp])[] = [
    ["a tensor too few", (path) => writeFileSync(path, encoded({ a })), /tensor b is missing/],
    ["a tensor too many", (path) => writeFileSync(path, encoded({ a, b, c: b })), /"c" is not one that the group/],
    [
      "another shape",
      (path) => writeFileSync(path, encoded({ a: floats([1, 2, 3, 5]), b })),
      /a is \[4\], not \[2,2\]/,
    ],
    ["another precision", (path) => writeFileSync(path, encoded({ a, b: half })), /b is F16, not F32/],
    [
      "no number",
      (path) => writeFileSync(path, encoded({ a, b: floats([0, Number.NaN, 0]) })),
      /element 1 of tensor b is NaN/,
    ],
    ["an infinity", (path) => writeFileSync(path, encoded({ a, b: floats([0, 0, -1 / 0]) })), /b is -Infinity/],
    [
      "the weights of before",
      (path) => writeFileSync(path, encoded({ a: floats([1, 2, 3, 4], [2, 2]), b: floats([0, 0, 0]) })),
      /no element differs/,
    ],
    [
      "a link",
      (path) => {
        writeFileSync(`${path}.other`, encoded(good));
        symlinkSync(`${path}.other`, path);
      },
      /is a link/,
    ],
    ["a folder", (path) => mkdirSync(path), /is a link, a folder/],
    [
      "far too long a file",
      (path) => {
        writeFileSync(path, encoded(good));
        truncateSync(path, 2 ** 36);
      },
      /has 68719476736 bytes, the tensors take 28/,
    ],
    [
      "a file cut short",
      (path) => {
        writeFileSync(path, encoded(good));
        truncateSync(path, encoded(good).length - 4);
      },
      /tensors take/,
    ],
    ["another kind of file", (path) => writeFileSync(path, "PK\u0003\u0004 a pickle of PyTorch"), /header/],
    ["nothing", (path) => writeFileSync(path, ""), /shorter than its length prefix/],
  ];
  for (const [what, write, says] of faults)
    it(`is refused where it is ${what}`, async (t) => {
      const path = join(temporaryFolder(t), "experts-1.safetensors");
      write(path);
      await assert.rejects(readOutput({ step: 1, path }, base), (thrown: unknown) => {
        assert.ok(hasCode(thrown, "TRAINER_OUTPUT_INVALID"), String(thrown));
        assert.match(thrown.message, says);
        assert.ok(thrown.message.startsWith(path));
        return true;
      });
    });
});

describe("the folder of checkpoints", () => {
  it("counts files by the number in their names, and leaves others alone", async (t) => {
    const dir = temporaryFolder(t);
    for (const name of ["experts-9", "experts-10", "experts-2", "experts-0", "experts-01", "experts-1e3", "other"])
      writeFileSync(join(dir, `${name}.safetensors`), "");
    writeFileSync(join(dir, "experts-11.safetensors.tmp"), "");
    assert.deepEqual(
      (await outputFiles(dir)).map(({ step }) => step),
      [10, 9, 2],
    );
    renameSync(join(dir, "experts-11.safetensors.tmp"), join(dir, "experts-11.safetensors"));
    await pruneOutput(dir);
    assert.deepEqual(
      (await outputFiles(dir)).map(({ step }) => step),
      [11, 10],
    );
    assert.equal(readdirSync(dir).length, 6);
  });

  it("may hold folders of such names, and links, which go without what they lead to", async (t) => {
    const dir = temporaryFolder(t);
    const elsewhere = temporaryFolder(t);
    writeFileSync(join(elsewhere, "kept"), "");
    mkdirSync(join(dir, "experts-1.safetensors"));
    writeFileSync(join(dir, "experts-1.safetensors", "shard-0"), "");
    symlinkSync(elsewhere, join(dir, "experts-2.safetensors"));
    for (const step of [3, 4]) writeFileSync(join(dir, `experts-${step}.safetensors`), "");
    await pruneOutput(dir);
    assert.deepEqual(
      (await outputFiles(dir)).map(({ step }) => step),
      [4, 3],
    );
    assert.deepEqual(readdirSync(elsewhere), ["kept"]);
  });

  it("that is not there holds none", async (t) => {
    assert.deepEqual(await outputFiles(join(temporaryFolder(t), "none")), []);
  });
});
