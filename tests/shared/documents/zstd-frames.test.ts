import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openBytes } from "#shared/documents/open-bytes.js";
import { zstdFrames } from "#shared/documents/zstd/frames.js";
import { temporaryFile } from "#tests/shared/config/fixtures.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { LATIN_ZSTD } from "./zstd.js";

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** A frame of one raw block "hi", whose window is 2^exponent bytes. */
const frame = (exponent: number) => Buffer.from([...MAGIC, 0, (exponent - 10) << 3, 0x11, 0, 0, 0x68, 0x69]);
/** A single segment of 2^30 bytes, said in four bytes and in eight, after a dictionary's number. */
const segments = [
  Buffer.from([...MAGIC, 0xa1, 7, 0, 0, 0, 0x40]),
  Buffer.from([...MAGIC, 0xe2, 7, 0, 0, 0, 0, 0x40, 0, 0, 0, 0]),
];
const skippable = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 16, 0, 0, 0, ...MAGIC, 0, 0xa0, ...Buffer.alloc(10)]);
/** A block of `type` that says it has `size` bytes, in a frame with a window of 4 MiB. */
const block = (type: number, size: number) => {
  const header = Buffer.alloc(3);
  header.writeUIntLE(size * 8 + type * 2 + 1, 0, 3);
  return Buffer.concat([frame(22).subarray(0, 6), header, Buffer.alloc(20)]);
};

const windowsOf = (file: Buffer, step: number): readonly number[] => {
  const windows: number[] = [];
  const frames = zstdFrames({ frame: ({ window }) => windows.push(window), block: () => {}, ended: () => {} });
  for (let at = 0; at < file.length; ) at += frames.take(file.subarray(at, at + step));
  frames.end();
  return windows;
};

describe("the frames of a zstd file", { timeout: HANG_GUARD }, () => {
  it("are all found, wherever chunks are cut", () => {
    const file = Buffer.concat([skippable, frame(20), LATIN_ZSTD, skippable, skippable, frame(30), LATIN_ZSTD]);
    for (const step of [1, 2, 7, 18, file.length])
      assert.deepEqual(windowsOf(file, step), [2 ** 20, 2 ** 23, 2 ** 30, 2 ** 23]);
    for (const cut of [1, 12, 19, 30, 47]) assert.throws(() => windowsOf(file.subarray(0, cut), 5), /unexpected EOF/);
  });

  it("are decompressed one after the other", async (t) => {
    const path = temporaryFile(t, "d.zst", Buffer.concat([skippable, frame(20), skippable, LATIN_ZSTD, frame(27)]));
    const chunks: Buffer[] = [];
    for await (const chunk of openBytes(path, "zstd")) chunks.push(chunk);
    assert.equal(Buffer.concat(chunks).toString(), "hiquousque tandem\nhi");
  });

  it("are refused, each of them, where its window is above what is kept in memory", async (t) => {
    const read = async (...parts: readonly Uint8Array[]) => {
      for await (const chunk of openBytes(temporaryFile(t, "d.zst", Buffer.concat(parts)), "zstd")) chunk.toString();
    };
    const tooLarge = coded("DATASET_TOO_LARGE", /window of 1073741824 bytes/);
    // A filler as long as a chunk of the file leaves a header across its border.
    const filler = Buffer.alloc((1 << 20) - 12);
    filler.set([0x50, 0x2a, 0x4d, 0x18]);
    filler.writeUInt32LE(filler.length - 8, 4);
    for (const big of [frame(30), ...segments])
      for (const before of [[], [skippable], [frame(20)], [LATIN_ZSTD, skippable], [filler, frame(20)], [filler]])
        await assert.rejects(read(...before, big, Buffer.alloc(20)), tooLarge);
    const damaged = coded("DATASET_MALFORMED", /not whole zstd: invalid block/);
    // A block of one repeated byte would be 2 MiB for four bytes of the file.
    for (const one of [block(1, 2 ** 21 - 1), block(0, 2 ** 17 + 1), block(2, 2 ** 17 + 1), block(3, 1)])
      await assert.rejects(read(one), damaged);
  });
});
