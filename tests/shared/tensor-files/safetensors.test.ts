import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { decodeFloats } from "#shared/artifact/update.js";
import { sha256 } from "#shared/protocol/hash.js";
import { DTYPES, type DType, isDType } from "#shared/tensor-files/dtype.js";
import {
  encodeSafetensors,
  isCanonical,
  OFFICIAL_SAFETENSORS_LIMITS,
  parseSafetensors,
  type Tensor,
} from "#shared/tensor-files/safetensors.js";
import { loadVectors } from "../protocol/vectors.js";

const invalid = { code: "SAFETENSORS_INVALID" };

/** A file with any header text and data. */
const fileOf = (header: string, data: Uint8Array = new Uint8Array()): Uint8Array => {
  const text = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([prefix, text, data]);
};
const u8 = (begin: number, end: number, shape = `[${end - begin}]`) =>
  `{"dtype":"U8","shape":${shape},"data_offsets":[${begin},${end}]}`;

const tensor: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom<[DType, number][]>(["F32", 4], ["U8", 1], ["BF16", 2], ["I64", 8]),
    fc.array(fc.nat(3), { maxLength: 4 }),
  )
  .chain(([[dtype, size], shape]) => {
    const length = shape.reduce((product, side) => product * side, size);
    return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ dtype, shape, data }));
  });
const tensors = fc
  .uniqueArray(
    fc.tuple(
      fc.oneof(fc.string({ unit: "grapheme", maxLength: 8 }), fc.constantFrom("__proto__", "constructor", "")),
      tensor,
    ),
    {
      selector: ([name]) => name,
      maxLength: 6,
    },
  )
  .map((entries) => new Map(entries));
const metadata = fc
  .uniqueArray(fc.tuple(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 })), {
    selector: ([key]) => key,
    maxLength: 3,
  })
  .map((entries) => new Map(entries));

const meaningOf = (map: ReadonlyMap<string, Tensor>) =>
  new Map(
    [...map].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: Buffer.from(data).toString("hex") }]),
  );

/** The content hash of docs/protocol.md. */
const contentHash = (tensors: ReadonlyMap<string, Tensor>): string => sha256(encodeSafetensors(tensors));

const tensorVectors = z
  .array(z.object({ name: z.string(), dtype: z.custom<DType>(isDType), shape: z.array(z.number()), data: z.string() }))
  .transform(
    (list) => new Map(list.map(({ name, data, ...rest }) => [name, { ...rest, data: Buffer.from(data, "hex") }])),
  );
const vectors = loadVectors(
  "safetensors",
  z.object({
    cases: z.array(z.object({ name: z.string(), tensors: tensorVectors, file: z.string(), hash: z.string() })),
    readable: z.array(
      z.object({
        name: z.string(),
        file: z.string(),
        tensors: tensorVectors,
        metadata: z.record(z.string(), z.string()),
        hash: z.string(),
      }),
    ),
    refused: z.array(z.object({ reason: z.string(), file: z.string() })),
  }),
);

test("vectors: the canonical file and its hash", () => {
  for (const { name, tensors, file, hash } of vectors.cases) {
    const bytes = Buffer.from(file, "hex");
    assert.deepEqual(Buffer.from(encodeSafetensors(tensors)), bytes, name);
    assert.equal(contentHash(tensors), hash, name);
    assert.deepEqual(meaningOf(parseSafetensors(bytes).tensors), meaningOf(tensors), name);
    assert.ok(isCanonical(bytes, parseSafetensors(bytes).tensors), name);
  }
  const covered = vectors.cases.flatMap(({ tensors }) => [...tensors.values()].map(({ dtype }) => dtype));
  assert.deepEqual(new Set(covered), new Set(DTYPES));
});

test("vectors: files that are not canonical are read, and have the content hash of their tensors", () => {
  for (const { name, file, tensors, metadata, hash } of vectors.readable) {
    const bytes = Buffer.from(file, "hex");
    const read = parseSafetensors(bytes);
    assert.deepEqual(meaningOf(read.tensors), meaningOf(tensors), name);
    assert.deepEqual(Object.fromEntries(read.metadata), metadata, name);
    assert.equal(contentHash(read.tensors), hash, name);
    assert.ok(!isCanonical(bytes, read.tensors), name);
    assert.throws(() => decodeFloats(bytes), { code: "SAFETENSORS_INVALID", message: /canonical/ }, name);
  }
});

test("vectors: what nobody may read", () => {
  for (const { reason, file } of vectors.refused)
    assert.throws(() => parseSafetensors(Buffer.from(file, "hex")), invalid, reason);
});

test("what is written reads back, whatever its names; order and metadata do not change its hash", () => {
  fc.assert(
    fc.property(tensors, metadata, (written, notes) => {
      const bytes = encodeSafetensors(written, notes);
      const read = parseSafetensors(bytes);
      assert.deepEqual(meaningOf(read.tensors), meaningOf(written));
      assert.deepEqual(read.metadata, notes);
      assert.equal((8 + Number(Buffer.from(bytes).readBigUInt64LE())) % 8, 0);
      const reversed = new Map([...written].toReversed());
      assert.equal(contentHash(read.tensors), contentHash(written));
      assert.equal(contentHash(reversed), contentHash(written));
    }),
    { seed: 1 },
  );
});

test("tensors are views of the file, not copies", () => {
  const bytes = encodeSafetensors(new Map([["a", { dtype: "U8", shape: [2], data: Uint8Array.of(1, 2) }]]));
  assert.equal(parseSafetensors(bytes).tensors.get("a")?.data.buffer, bytes.buffer);
});

test("files by other writers are read: spaces, other key orders, data in another order than names", () => {
  const file = fileOf(
    `{ "b": {"data_offsets": [0, 1], "shape": [1], "dtype": "U8"},\n "a":${u8(1, 3)}, "__metadata__": {"format": "pt"} }   `,
    Uint8Array.of(7, 8, 9),
  );
  const { tensors, metadata } = parseSafetensors(file);
  assert.deepEqual([...(tensors.get("a")?.data ?? [])], [8, 9]);
  assert.deepEqual([...metadata], [["format", "pt"]]);
});

test("what only this language could take for a safetensors file is refused", () => {
  const data = (length: number) => new Uint8Array(length);
  const cases: [string, Uint8Array][] = [
    ["inherited dtype", fileOf(`{"a":{"dtype":"constructor","shape":[1],"data_offsets":[0,1]}}`, data(1))],
    ["fractional shape", fileOf(`{"a":${u8(0, 1, "[0.5,2]")}}`, data(1))],
    ["deep nesting", fileOf(`{"a":${"[".repeat(100_000)}`)],
  ];
  for (const [what, bytes] of cases) assert.throws(() => parseSafetensors(bytes), invalid, what);
});

test("sizes that cannot be counted are called so", () => {
  const cases: [string, string, RegExp][] = [
    ["a product of sides", u8(0, 1, "[134217728,134217728]"), /2\^53 bits or more/],
    ["a product that a zero would undo", u8(0, 0, "[134217728,134217728,0]"), /2\^53 bits or more/],
    ["a side", u8(0, 1, "[9007199254740993]"), /2\^53 bits or more/],
    ["an offset", u8(0, 9007199254740992, "[1]"), /2\^53 bytes or more/],
  ];
  for (const [what, entry, message] of cases) {
    const parse = () => parseSafetensors(fileOf(`{"a":${entry}}`, new Uint8Array(1)));
    assert.throws(parse, { ...invalid, message, hint: /made up/ }, what);
  }
  const fractional = fileOf(`{"a":${u8(0, 1, "[0.5]")}}`, new Uint8Array(1));
  const limits = OFFICIAL_SAFETENSORS_LIMITS;
  assert.throws(() => parseSafetensors(fractional, limits), { ...invalid, message: /whole numbers/, hint: /damaged/ });
});

test("limits hold before anything is read", () => {
  const file = fileOf(`{"a":${u8(0, 1)},"b":${u8(1, 2)}}`, new Uint8Array(2));
  const limits = { headerBytes: 1000, tensors: 2, nameLength: 1 };
  assert.equal(parseSafetensors(file, limits).tensors.size, 2);
  assert.throws(() => parseSafetensors(file, { ...limits, tensors: 1 }), invalid);
  assert.throws(() => parseSafetensors(file, { ...limits, headerBytes: 20 }), invalid);
  assert.throws(() => parseSafetensors(file, { ...limits, nameLength: 0 }), invalid);
  const notes = fileOf(`{"__metadata__":{"a":"","b":"","c":"","d":""}}`);
  assert.equal(parseSafetensors(notes, { ...limits, tensors: 3 }).metadata.size, 4);
  assert.throws(() => parseSafetensors(notes, limits), { ...invalid, message: /more than 3 members/ });
});

test("what cannot be read back is not written", () => {
  const data = Uint8Array.of(1, 2, 3);
  const write = (name: string, shape: number[]) => encodeSafetensors(new Map([[name, { dtype: "U8", shape, data }]]));
  assert.throws(() => write("a", [2]), invalid);
  assert.throws(() => write("__metadata__", [3]), invalid);
  assert.throws(() => write("\ud800", [3]), invalid);
});

test("a damaged file is refused with the code, or still means something self-consistent", () => {
  const base = encodeSafetensors(
    new Map<string, Tensor>([
      ["layers.0.w", { dtype: "F32", shape: [2, 2], data: new Uint8Array(16).fill(3) }],
      ["__proto__", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) }],
    ]),
    new Map([["format", "pt"]]),
  );
  const change = fc.tuple(fc.nat(base.length - 1), fc.constantFrom("set", "insert", "remove"), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const bytes = [...base];
      for (const [at, how, value] of changes) {
        if (how === "set") bytes[at] = value;
        else if (how === "insert") bytes.splice(at, 0, value);
        else bytes.splice(at, 1);
      }
      try {
        const { tensors, metadata } = parseSafetensors(Uint8Array.from(bytes));
        const again = parseSafetensors(encodeSafetensors(tensors, metadata));
        assert.deepEqual(meaningOf(again.tensors), meaningOf(tensors));
      } catch (thrown) {
        assert.equal(thrown instanceof Error && "code" in thrown ? thrown.code : thrown, "SAFETENSORS_INVALID");
      }
    }),
    { seed: 2, numRuns: 2000 },
  );
});
