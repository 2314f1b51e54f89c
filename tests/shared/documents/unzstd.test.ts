import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as zlib from "node:zlib";
import { openMobyDick } from "#datasets/moby-dick.js";
import { openBytes } from "#shared/documents/open-bytes.js";
import { unzstd } from "#shared/documents/zstd/unzstd.js";
import { temporaryFile } from "#tests/shared/config/fixtures.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { CHAPTERS_ZSTD, FAR_ZSTD, LATIN_ZSTD } from "./zstd.js";

async function* cut(file: Buffer, step: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += step) yield file.subarray(at, at + step);
}

const bytesOf = async (file: Buffer, step = file.length): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of unzstd(cut(file, step), () => {})) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const book = openMobyDick();
const chapters = (count: number): string => Array.from({ length: count }, (_, i) => book.document(i)).join("\n");

/** Common paragraphs come back all the time, and each of eight rare ones after 190,000 bytes. */
const farText = (): string => {
  const paragraphs = Array.from({ length: 12 }, (_, i) => chapters(8).slice(1000 * i, 1000 * (i + 1)));
  let state = 1;
  const common = () => {
    state = (state * 48_271) % 0x7fffffff;
    return paragraphs[8 + (state % 4)];
  };
  const all = Array.from({ length: 480 }, (_, i) => (i % 24 === 0 ? paragraphs[(i / 24) % 8] : common()));
  return all.map((paragraph, i) => `${i}\n${paragraph}\n`).join("");
};

/** What is said of a file that is not one. */
const REFUSALS =
  /^(invalid (bitstream|block|FSE table|Huffman code|literals|sequences|zstd data)|unexpected EOF|it takes a dictionary|its content (is of another length|has another checksum))$/;

/** A frame with a window of 2^exponent bytes, of these blocks. */
const frame = (exponent: number, ...blocks: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (exponent - 10) << 3]), ...blocks]);
const block = (type: number, size: number, bytes: readonly number[], isLast = false): Buffer => {
  const header = Buffer.alloc(3);
  header.writeUIntLE(size * 8 + type * 2 + (isLast ? 1 : 0), 0, 3);
  return Buffer.concat([header, Buffer.from(bytes)]);
};
const repeated = (byte: number, size: number, isLast = false) => block(1, size, [byte], isLast);
const compressed = (...bytes: readonly number[]) => block(2, bytes.length, bytes, true);

/** Node's own, from 22.15 on. */
const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Buffer, options: object) => Buffer };

describe("a zstd file", { timeout: HANG_GUARD }, () => {
  it("gives what was compressed, wherever it is cut", async () => {
    const text = chapters(8).slice(0, 5000);
    for (const file of CHAPTERS_ZSTD)
      for (const step of [1, 7, 1000, file.length]) assert.equal((await bytesOf(file, step)).toString(), text);
  });

  it("gives what was compressed at every level", { skip: zstdCompressSync === undefined }, async () => {
    const text = Buffer.from(chapters(200).repeat(2));
    const constants = zlib.constants as unknown as Readonly<Record<string, number>>;
    const [level, window] = [constants.ZSTD_c_compressionLevel, constants.ZSTD_c_windowLog];
    for (const chosen of [1, 3, 9, 19])
      for (const log of [10, 17, 27]) {
        const params = { [level!]: chosen, [window!]: log };
        assert.deepEqual(await bytesOf(zstdCompressSync!(text, { params })), text);
      }
  });

  it("copies from as far back as its window, also from a ring that grew, and across its end", async () => {
    const part = (seed: number) => Array.from({ length: 100_000 }, (_, i) => (((i * 7919) >> 5) + seed) & 255);
    const parts = [block(0, 100_000, part(1)), block(0, 100_000, part(2))];
    const before = Buffer.from([...part(1), ...part(2)]);
    // One sequence by tables of one symbol each: no literal, three bytes. 150,000 + 3 = 2^17 + 18,931, and
    // 68,929 + 3 = 2^16 + 3,396: the last byte of the ring, then its first two.
    for (const [exponent, offset, code, bits] of [
      [18, 150_000, 17, [0xf3, 0x49, 2]],
      [17, 68_929, 16, [0x44, 0x0d, 1]],
    ] as const) {
      const found = await bytesOf(frame(exponent, ...parts, compressed(0, 1, 0x54, 0, code, 0, ...bits)));
      assert.deepEqual(found, Buffer.concat([before, before.subarray(200_000 - offset, 200_003 - offset)]));
    }
  });

  it("gives a text of half a megabyte that comes back from 190,000 bytes before, wherever it is cut", async () => {
    const text = farText();
    for (const step of [997, FAR_ZSTD.length]) assert.equal((await bytesOf(FAR_ZSTD, step)).toString(), text);
  });

  it("that is damaged anywhere is refused, or gives what was compressed", async () => {
    const [file] = CHAPTERS_ZSTD;
    const text = chapters(8).slice(0, 5000);
    let refused = 0;
    for (let at = 0; at < file!.length; at += 3)
      for (const bit of [1, 16, 128]) {
        const other = Buffer.from(file!);
        other[at]! ^= bit;
        const found = await bytesOf(other).catch((thrown: unknown) => thrown);
        if (found instanceof Buffer) assert.equal(found.toString(), text, `byte ${at}, bit ${bit}`);
        else {
          assert.match((found as Error).message, REFUSALS, `byte ${at}, bit ${bit}`);
          refused++;
        }
      }
    assert.ok(refused > file!.length * 0.99, `${refused} of ${file!.length}`);
  });

  it("is refused where a bit has flipped that its checksum alone tells", async (t) => {
    const last = LATIN_ZSTD.length - 1;
    for (const at of [11, last]) {
      const other = Buffer.from(LATIN_ZSTD);
      other[at]! ^= 1;
      const read = async () => {
        for await (const chunk of openBytes(temporaryFile(t, "d.zst", other), "zstd")) chunk.toString();
      };
      await assert.rejects(read(), coded("DATASET_MALFORMED", /not whole zstd: its content has another checksum/));
    }
  });

  it("takes work in proportion to itself, whatever its window, and lets others have their turn", async () => {
    const blocks = Array.from({ length: 50_000 }, (_, i) => repeated(0x61, 1, i === 49_999));
    assert.equal((await bytesOf(frame(27, ...blocks))).length, 50_000);
    const empty = Array.from({ length: 50_000 }, () => frame(27, block(0, 0, [], true)));
    assert.equal((await bytesOf(Buffer.concat(empty))).length, 0);
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    const large = Array.from({ length: 2000 }, (_, i) => repeated(0x61, 1 << 17, i === 1999));
    let bytes = 0;
    const file = frame(17, ...large);
    for await (const chunk of unzstd(cut(file, file.length), () => {})) {
      assert.ok(chunk.length <= (1 << 20) + (1 << 17));
      bytes += chunk.length;
    }
    clearInterval(count);
    assert.equal(bytes, 2000 << 17);
    assert.ok(turns > 10, `${turns} turns`);
  });

  it("comes in as few chunks as its bytes take", async () => {
    const blocks = Array.from({ length: 1 << 20 }, (_, i) => repeated(0x61, 1, i === (1 << 20) - 1));
    let chunks = 0;
    for await (const chunk of unzstd(cut(frame(10, Buffer.concat(blocks)), 1 << 20), () => {}))
      chunks += chunk.length > 0 ? 1 : 0;
    assert.ok(chunks <= 5, `${chunks} chunks`);
  });

  it("is refused where its block would copy more than a block holds", async (t) => {
    // No literals; 98,047 sequences, each by tables of one symbol: 65,536 literals, then 65,539 bytes from the offset 1.
    const file = frame(20, compressed(0, 0xff, 0xff, 0xff, 0x54, 35, 0, 52, 1));
    const read = async (path: string) => {
      for await (const chunk of openBytes(path, "zstd")) assert.fail(`${chunk.length} bytes`);
    };
    const refused = coded("DATASET_MALFORMED", /not whole zstd: invalid sequences/);
    await assert.rejects(read(temporaryFile(t, "d.zst", file)), refused);
    // The same without literals, of which there are none: 65,539 bytes from before the frame's first.
    const before = frame(20, compressed(0, 0xff, 0xff, 0xff, 0x54, 0, 0, 52, 1));
    await assert.rejects(read(temporaryFile(t, "e.zst", before)), refused);
  });

  it("is refused that takes a dictionary, or has more or less than it says", async () => {
    const magic = [0x28, 0xb5, 0x2f, 0xfd];
    const hi = [0x11, 0, 0, 0x68, 0x69];
    assert.equal((await bytesOf(Buffer.from([...magic, 0x20, 2, ...hi]))).toString(), "hi");
    await assert.rejects(bytesOf(Buffer.from([...magic, 0x20, 3, ...hi])), /its content is of another length/);
    await assert.rejects(bytesOf(Buffer.from([...magic, 0x20, 1, ...hi])), /invalid block/);
    await assert.rejects(bytesOf(Buffer.from([...magic, 0x21, 7, 2, ...hi])), /it takes a dictionary/);
  });
});
