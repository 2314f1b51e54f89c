import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";
import { encodeSafetensors, parseSafetensors, type Tensor } from "#shared/tensor-files/safetensors.js";
import { openSafetensorsFile } from "#shared/tensor-files/safetensors-file.js";
import { createSafetensorsFile } from "#shared/tensor-files/safetensors-writer.js";
import { temporaryFolder } from "../artifact/temporary.js";

const bytes = (length: number, first = 0) => Uint8Array.from({ length }, (_, i) => first + i);
const TENSORS = new Map<string, Tensor>([
  ["b.weight", { dtype: "F32", shape: [2, 3], data: bytes(24) }],
  ["a", { dtype: "BF16", shape: [4], data: bytes(8, 100) }],
  ["__proto__", { dtype: "U8", shape: [3], data: bytes(3, 50) }],
  ["none", { dtype: "F16", shape: [0, 7], data: bytes(0) }],
]);
const METADATA = new Map([["format", "pt"]]);

const refused = (code: ErrorCode, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof BlockZeroError, String(thrown));
  assert.equal(thrown.code, code);
  assert.match(thrown.message, message);
  assert.doesNotMatch(thrown.message + thrown.hint, /\n/);
  return true;
};

const contentOf = async (path: string): Promise<Map<string, string>> => {
  const file = await openSafetensorsFile(path);
  try {
    const content = new Map<string, string>();
    for (const [name, { dtype, shape, begin, end }] of file.header.tensors) {
      const data = new Uint8Array(end - begin);
      await file.read(name, data);
      content.set(name, `${dtype} ${shape} ${Buffer.from(data).toString("hex")}`);
    }
    return content;
  } finally {
    await file.close();
  }
};
const meaningOf = (file: Uint8Array) =>
  new Map(
    [...parseSafetensors(file).tensors].map(([name, { dtype, shape, data }]) => [
      name,
      `${dtype} ${shape} ${Buffer.from(data).toString("hex")}`,
    ]),
  );

test("what is written tensor by tensor, in any order, is the canonical file", async (t) => {
  const path = join(temporaryFolder(t), "deep", "x.safetensors");
  for (const order of [[...TENSORS.keys()], [...TENSORS.keys()].toReversed()]) {
    const writer = await createSafetensorsFile(path, TENSORS, { metadata: METADATA });
    for (const name of order) await writer.write(name, TENSORS.get(name)!.data);
    await writer.finish();
    await writer.discard();
    assert.deepEqual(readFileSync(path), Buffer.from(encodeSafetensors(TENSORS, METADATA)));
  }
  assert.deepEqual(readdirSync(join(path, "..")), ["x.safetensors"]);
});

test("a file that is not finished does not appear, and leaves nothing", async (t) => {
  const dir = temporaryFolder(t);
  const path = join(dir, "x.safetensors");
  const writer = await createSafetensorsFile(path, TENSORS);
  await assert.rejects(writer.write("c", bytes(1)), refused("SAFETENSORS_INVALID", /"c" is not announced/));
  await assert.rejects(writer.write("a", bytes(7)), refused("SAFETENSORS_INVALID", /with 7 bytes/));
  await writer.write("a", bytes(8));
  await assert.rejects(writer.finish(), refused("SAFETENSORS_INVALID", /"__proto__" was not written/));
  assert.deepEqual(readdirSync(dir), ["x.safetensors.tmp"]);
  await writer.discard();
  assert.deepEqual(readdirSync(dir), []);
  mkdirSync(path);
  writeFileSync(join(path, "in the way"), "");
  const blocked = await createSafetensorsFile(path, new Map());
  await assert.rejects(blocked.finish(), refused("FILE_UNWRITABLE", /cannot write .*x\.safetensors/));
  await blocked.discard();
  const inFile = createSafetensorsFile(join(path, "in the way", "y"), TENSORS);
  await assert.rejects(inFile, refused("FILE_UNWRITABLE", /cannot write/));
});

test("a tensor is read whole or in part, and no byte outside it", async (t) => {
  const path = join(temporaryFolder(t), "x.safetensors");
  writeFileSync(path, encodeSafetensors(TENSORS, METADATA));
  assert.deepEqual(await contentOf(path), meaningOf(readFileSync(path)));
  const file = await openSafetensorsFile(path);
  t.after(() => file.close());
  assert.deepEqual(file.header.metadata, METADATA);
  const part = new Uint8Array(4);
  await file.read("b.weight", part, 20);
  assert.deepEqual(part, bytes(4, 20));
  for (const [name, offset] of [
    ["b.weight", 21],
    ["b.weight", -1],
    ["none", 0],
    ["missing", 0],
  ] as const)
    await assert.rejects(file.read(name, part, offset), refused("SAFETENSORS_INVALID", /has no bytes/));
});

test("what is no readable file is refused", async (t) => {
  const dir = temporaryFolder(t);
  await assert.rejects(openSafetensorsFile(dir), refused("FILE_UNREADABLE", /not a regular file/));
  await assert.rejects(openSafetensorsFile(join(dir, "missing")), refused("FILE_UNREADABLE", /ENOENT/));
  if (process.platform !== "win32")
    await assert.rejects(openSafetensorsFile("/dev/zero"), refused("FILE_UNREADABLE", /not a regular file/));
});

test("a header that promises more than the file holds costs no memory", async (t) => {
  const path = join(temporaryFolder(t), "x.safetensors");
  const lying = (length: bigint, header: string, data = 0) => {
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(length);
    writeFileSync(path, Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(data)]));
  };
  const huge = '{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}';
  // What other tests of the process let go of moves the count; an allocation would move it in every round.
  const grown: number[] = [];
  for (let round = 0; round < 4; round++) {
    const before = process.memoryUsage().arrayBuffers;
    lying(2n ** 64n - 1n, "{}");
    await assert.rejects(
      openSafetensorsFile(path),
      refused("SAFETENSORS_INVALID", /x\.safetensors: header of \d+ bytes/),
    );
    lying(8n << 20n, "{}");
    await assert.rejects(openSafetensorsFile(path), refused("SAFETENSORS_INVALID", /header longer than the file/));
    lying(BigInt(huge.length), huge, 100);
    await assert.rejects(
      openSafetensorsFile(path),
      refused("SAFETENSORS_INVALID", /4000000000000 bytes, the file has 100/),
    );
    lying(2n, "{}");
    truncateSync(path, 5);
    await assert.rejects(openSafetensorsFile(path), refused("SAFETENSORS_INVALID", /shorter than its length prefix/));
    grown.push(process.memoryUsage().arrayBuffers - before);
  }
  assert.ok(Math.min(...grown) < 1 << 20, `${grown} bytes`);
});

test("a file that shrinks after it was opened is noticed", async (t) => {
  const path = join(temporaryFolder(t), "x.safetensors");
  writeFileSync(path, encodeSafetensors(TENSORS));
  const file = await openSafetensorsFile(path);
  t.after(() => file.close());
  truncateSync(path, file.header.dataStart + 20);
  await file.read("__proto__", new Uint8Array(3));
  await assert.rejects(file.read("b.weight", new Uint8Array(24)), refused("FILE_SHRANK", /shrunk since it was opened/));
});

test("a damaged file is refused exactly where the whole-file reader refuses it, and read alike elsewhere", async (t) => {
  const path = join(temporaryFolder(t), "x.safetensors");
  const base = encodeSafetensors(TENSORS, METADATA);
  const headerEnd = base.length - 35;
  const at = fc.oneof({ weight: 9, arbitrary: fc.nat(headerEnd) }, { weight: 1, arbitrary: fc.nat(base.length - 1) });
  const letter = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('0123456789"{}[]:, \\')));
  const change = fc.tuple(at, fc.constantFrom("set", "insert", "remove", "cut"), letter);
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const file = [...base];
      for (const [place, how, value] of changes) {
        if (how === "set") file[place] = value;
        else if (how === "insert") file.splice(place, 0, value);
        else if (how === "remove") file.splice(place, 1);
        else if (value === 0) file.length = Math.min(file.length, place);
      }
      const damaged = Uint8Array.from(file);
      writeFileSync(path, damaged);
      const [whole] = await Promise.allSettled([(async () => meaningOf(damaged))()]);
      const [streamed] = await Promise.allSettled([contentOf(path)]);
      if (whole.status === "fulfilled") {
        accepted++;
        assert.deepEqual(streamed, whole);
      } else {
        assert.ok(streamed.status === "rejected");
        refused("SAFETENSORS_INVALID", /x\.safetensors: /)(streamed.reason);
      }
    }),
    { seed: 4, numRuns: 3000 },
  );
  assert.ok(accepted > 50 && accepted < 2500, `${accepted} of 3000 were still readable`);
  rmSync(path);
});
