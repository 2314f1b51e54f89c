import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { z } from "zod";
import { l2Norm } from "#shared/artifact/update.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { createScratch } from "#shared/files/scratch.js";
import { partLayout } from "#shared/model/part-layout.js";
import { encodeParameters } from "#shared/model/part-parameters.js";
import { loadPart } from "#shared/parts/load-part.js";
import { openPart } from "#shared/parts/open-part.js";
import { openPlacedPart } from "#shared/parts/part-places.js";
import { beginPart } from "#shared/parts/part-writer.js";
import { type BlobRef, blobsOf, bytesOfPart, type PartRef, partOf } from "#shared/protocol/model-manifest.js";
import { encodeSafetensors } from "#shared/tensor-files/safetensors.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";
import { coded } from "#tests/support/coded.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { loadVectors } from "../protocol/vectors.js";

/** 16, 40, 24, 8 and 8 bytes. */
const SHAPES: TensorShapes = new Map([
  ["c", [2, 3]],
  ["a", [4]],
  ["e", [2]],
  ["b", [5, 2]],
  ["d", [2]],
]);

const parameters = Object.fromEntries(
  [...SHAPES].map(([name, shape], i) => {
    const length = shape.reduce((product, side) => product * side, 1);
    const data = Float32Array.from({ length }, (_, at) => 100 * i + at + 0.5);
    return [name, { dtype: "float32" as const, shape, data }];
  }),
);

const written = async (context: TestContext, partBytes?: number) => {
  const store = directoryStore(temporaryFolder(context));
  const writer = beginPart(store.create, SHAPES, partBytes);
  for (const name of [...SHAPES.keys()].sort()) {
    const { data } = parameters[name]!;
    await writer.append(data.subarray(0, 1));
    await writer.append(data.subarray(1));
  }
  const part = await writer.finish();
  const open = async ({ hash }: BlobRef) => (await store.open(hash))!;
  return {
    store,
    part,
    open,
    opened: (shapes: TensorShapes | null = SHAPES) => openPart(open, part, shapes, "the hub"),
  };
};

const blob = z.object({ hash: z.string(), bytes: z.number() });

const vectors = loadVectors(
  "part-layout",
  z.array(
    z.object({
      name: z.string(),
      part_bytes: z.number().optional(),
      tensors: z.record(
        z.string(),
        z.object({
          shape: z.array(z.number()),
          dtype: z.enum(["F32", "BF16", "F16"]).default("F32"),
          data: z.array(z.number()),
        }),
      ),
      blobs: z.array(z.array(z.string())),
      part: z.union([blob, z.array(blob)]),
    }),
  ),
);

describe("the layout of a part", () => {
  for (const { name, part_bytes: partBytes, tensors, blobs, part } of vectors)
    it(name, async (context) => {
      const shapes = new Map(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
      const dtypes = new Map(Object.entries(tensors).map(([name, { dtype }]) => [name, dtype]));
      assert.deepEqual(
        partLayout(shapes, partBytes, dtypes).map(({ tensors }) => [...tensors.keys()]),
        blobs,
      );
      const store = directoryStore(temporaryFolder(context));
      const writer = beginPart(store.create, shapes, partBytes, dtypes);
      for (const name of blobs.flat()) {
        const data = Float32Array.from(tensors[name]!.data);
        await writer.append(data.subarray(0, 1));
        await writer.append(data.subarray(1));
      }
      const made = await writer.finish();
      assert.deepEqual(made, part);

      const open = async ({ hash }: BlobRef) => (await store.open(hash))!;
      const opened = await openPart(open, made, shapes, "the hub");
      const norm = l2Norm(blobs.flat().map((name) => ({ data: Float32Array.from(tensors[name]!.data) })));
      assert.equal(await opened.norm(), norm);
      const last = new Float32Array(1);
      for (const [name, { data }] of Object.entries(tensors)) {
        assert.deepEqual([...(await opened.read(name, createScratch()))], data);
        await opened.readInto(name, last, data.length - 1);
        assert.equal(last[0], data.at(-1));
        await assert.rejects(opened.readInto(name, last, data.length), RangeError);
      }
      await opened.close();
      const placed = await openPlacedPart(async ({ hash }) => store.path(hash), made, shapes, "the hub");
      assert.deepEqual(
        new Map([...placed.places].map(([name, { dtype }]) => [name, dtype])),
        new Map(blobs.flat().map((name) => [name, dtypes.get(name)!])),
      );
      await placed.close();
    });
});

describe("a part", () => {
  it("that fits one blob is the canonical file of its tensors", async (context) => {
    const { part } = await written(context);
    const { hash, bytes } = encodeParameters(parameters);
    assert.deepEqual(part, { hash, bytes: bytes.length });
  });

  it("is the same tensors in whatever blobs", async (context) => {
    let norm: number | null = null;
    for (const partBytes of [undefined, 40, 16, 1]) {
      const { part, opened } = await written(context, partBytes);
      assert.equal(blobsOf(part).length, partLayout(SHAPES, partBytes).length);
      assert.equal(bytesOfPart(part) > 96, true);
      const open = await opened();
      norm ??= await open.norm();
      assert.equal(await open.norm(), norm);
      const two = new Float32Array(2);
      await open.readInto("b", two, 3);
      assert.deepEqual(two, parameters.b!.data.slice(3, 5));
      await assert.rejects(open.readInto("a", two, 3), RangeError);
      assert.deepEqual(await open.read("c", createScratch()), parameters.c!.data);
      assert.deepEqual(await loadPart(open), parameters);
    }
  });

  it("tells where in its files each tensor lies", async (context) => {
    const { store, part } = await written(context, 40);
    const located: string[] = [];
    const locate = async ({ hash }: BlobRef) => {
      located.push(hash);
      return store.path(hash);
    };
    const { places, norm, close } = await openPlacedPart(locate, part, SHAPES, "the hub");
    assert.equal(await norm(), l2Norm(Object.values(parameters)));
    await close();
    assert.equal(located.length, 3, "each blob is verified once");
    assert.deepEqual([...places.keys()].sort(), [...SHAPES.keys()].sort());
    for (const [name, { path, offset, bytes, dtype, shape }] of places) {
      assert.equal(dtype, "F32");
      assert.deepEqual(shape, SHAPES.get(name));
      const found = new Uint8Array(readFileSync(path).subarray(offset, offset + bytes));
      assert.deepEqual(new Float32Array(found.buffer), parameters[name]!.data);
    }
    assert.equal(new Set([...places.values()].map(({ path }) => path)).size, 3);
  });

  it("is refused where its blobs are not exactly its tensors, and is closed then", async (context) => {
    const { store, part } = await written(context, 40);
    const [first, second, third] = blobsOf(part) as [BlobRef, BlobRef, BlobRef];
    let open = 0;
    const counting = async ({ hash }: BlobRef) => {
      const source = (await store.open(hash))!;
      open += 1;
      return { ...source, close: () => source.close().finally(() => (open -= 1)) };
    };
    const refuses = async (blobs: PartRef, code: "CHECKPOINT_MISMATCH" | "SAFETENSORS_INVALID", message: RegExp) => {
      await assert.rejects(openPart(counting, blobs, SHAPES, "the hub"), coded(code, message));
      assert.equal(open, 0);
    };
    await refuses(first, "CHECKPOINT_MISMATCH", /the hub .* tensor c is missing/);
    await refuses(partOf([first, second, third, second]), "SAFETENSORS_INVALID", /the hub: tensor "b" is in two/);
    const other = await store.put(encodeParameters({ f: parameters.a! }).bytes);
    await refuses(partOf([first, second, third, { hash: other, bytes: 1 }]), "CHECKPOINT_MISMATCH", /"f" is not part/);
    const bytes = Buffer.from((await store.get(first.hash))!);
    // Two keys of the header change places: the same tensors, another file.
    const header = bytes.toString("latin1").replace('"dtype":"F32","shape":[4]', '"shape":[4],"dtype":"F32"');
    const hash = await store.put(Buffer.from(header, "latin1"));
    await refuses(partOf([{ hash, bytes: 1 }, second, third]), "SAFETENSORS_INVALID", /not canonical/);
    const doubles = new Map([["a", { dtype: "F64" as const, shape: [4], data: new Uint8Array(32) }]]);
    const wide = await store.put(encodeSafetensors(doubles));
    await refuses(partOf([{ hash: wide, bytes: 1 }, second, third]), "SAFETENSORS_INVALID", /"a" is F64/);
    await (await openPart(counting, partOf([third, first, second]), SHAPES, "the hub")).close();
    assert.equal(open, 0);
  });

  it("is not finished before its last element, and leaves nothing of the blob under way", async (context) => {
    const store = directoryStore(temporaryFolder(context));
    const writer = beginPart(store.create, SHAPES, 40);
    await writer.append(parameters.a!.data);
    await writer.append(parameters.b!.data.subarray(2));
    await assert.rejects(writer.append(parameters.b!.data), RangeError);
    await assert.rejects(writer.finish(), RangeError);
    await writer.discard();
    const left: string[] = [];
    for await (const hash of store.list()) left.push(hash);
    assert.deepEqual(left, [encodeParameters({ a: parameters.a! }).hash]);
  });
});
