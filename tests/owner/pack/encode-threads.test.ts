import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { exactHash, pieceWriter } from "#owner/pack/pieces/piece-writer.js";
import { createTally } from "#owner/pack/pieces/tally.js";
import type { DocumentAt } from "#owner/pack/stages/encode-shard.js";
import { encodeShards } from "#owner/pack/stages/encode-threads.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const LOTS = 50;

/** A piece of documents, each a shard of its own. */
const lotsIn = (t: TestContext): { readonly folder: string; readonly lots: [number, DocumentAt[]][] } => {
  const folder = temporaryFolder(t);
  const writer = pieceWriter(1);
  const lots: [number, DocumentAt[]][] = [];
  for (let row = 1; row <= LOTS; row++) {
    const text = `document ${row}`;
    lots.push([row - 1, [{ piece: 0, offset: writer.bytes(), bytes: Buffer.byteLength(text) }]]);
    writer.add({ text, exact: exactHash(text), highs: Uint32Array.of(row), lows: Uint32Array.of(row), file: 0, row });
  }
  writer.write(folder, 0, { next: { file: 1, row: 0 }, isLast: true, tally: createTally() });
  return { folder, lots };
};

describe("threads that make shards", { timeout: HANG_GUARD }, () => {
  it("make each once", async (t) => {
    const { folder, lots } = lotsIn(t);
    for (const threads of [1, 3]) {
      const made: number[] = [];
      await encodeShards({ folder, tokenizer: "byte", threads, signal: t.signal }, lots, async (number, encoded) => {
        assert.equal(encoded?.figures.documents, 1);
        made.push(number);
      });
      assert.deepEqual(
        made.sort((a, b) => a - b),
        lots.map(([number]) => number),
      );
    }
  });

  it("end when one of them fails, all of them, before that is told", async (t) => {
    const { folder, lots } = lotsIn(t);
    for (const threads of [1, 3]) {
      let calls = 0;
      const failing = encodeShards({ folder, tokenizer: "byte", threads, signal: t.signal }, lots, async () => {
        if (++calls === 1) throw new Error("the disk is full");
      });
      await assert.rejects(failing, { message: "the disk is full" });
      await wait(200);
      assert.ok(calls <= threads, `${calls} shards were used`);
    }
  });

  it("say with its code what is wrong, however many they are", async (t) => {
    const { folder, lots } = lotsIn(t);
    const use = async () => {};
    for (const threads of [1, 2]) {
      const unread = encodeShards(
        { folder, tokenizer: join(folder, "tokenizer.json"), threads, signal: t.signal },
        lots,
        use,
      );
      await assert.rejects(unread, coded("TOKENIZER_NOT_FOUND"), `${threads} threads`);
    }
    const gone = encodeShards(
      { folder: join(folder, "none"), tokenizer: "byte", threads: 2, signal: t.signal },
      lots,
      use,
    );
    await assert.rejects(gone, coded("FILE_UNREADABLE", /ENOENT.*piece-000000/));
  });
});
