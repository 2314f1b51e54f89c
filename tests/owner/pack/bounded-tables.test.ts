import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { bandKeys } from "#owner/pack/duplicates/minhash.js";
import { exactHash, pieceWriter } from "#owner/pack/pieces/piece-writer.js";
import { createTally } from "#owner/pack/pieces/tally.js";
import { packSettingsSchema } from "#owner/pack/settings.js";
import { openCatalogue, pieceOf } from "#owner/pack/stages/catalogue.js";
import { deduplicate } from "#owner/pack/stages/deduplicate.js";
import { eachEqual } from "#owner/pack/stages/each-equal.js";
import type { DocumentAt } from "#owner/pack/stages/encode-shard.js";
import { encodeShards } from "#owner/pack/stages/encode-threads.js";
import { HELD_OUT, TRAINING } from "#owner/pack/stages/fate.js";
import { planShards } from "#owner/pack/stages/plan-shards.js";
import { removeOverlap } from "#owner/pack/stages/remove-overlap.js";
import { createWords, findWords } from "#owner/pack/text/words.js";
import { createRandom } from "#shared/data/random.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { perturbed } from "./material.js";

/** Aborts when the work that was begun before lets other work have its turn. */
const stopSoon = (): AbortSignal => {
  const stop = new AbortController();
  setImmediate(() => stop.abort());
  return stop.signal;
};

const settings = packSettingsSchema.parse({ held_out: 0.3, shard_bytes: 2000 });
const { bands } = settings.duplicates;

/** Four pieces of documents, many of which come again, some with a word changed, and some without words. */
const catalogueOf = (t: TestContext) => {
  const folder = temporaryFolder(t);
  const random = createRandom("tables");
  const bases = Array.from({ length: 60 }, (_, i) => Array.from({ length: 80 }, (_, j) => `w${i}x${j}`).join(" "));
  const keysOf = bandKeys(settings.duplicates);
  for (let piece = 0; piece < 4; piece++) {
    const writer = pieceWriter(bands);
    for (let row = 1; row <= 100; row++) {
      const base = bases[random.below(bases.length)]!;
      const text = row % 20 === 0 ? "…" : row % 3 === 0 ? perturbed(base, 0.02, `${piece} ${row}`) : base;
      const [highs, lows] = [new Uint32Array(bands), new Uint32Array(bands)];
      keysOf(findWords(text, createWords()), highs, lows);
      writer.add({ text, exact: exactHash(text), highs, lows, file: 0, row });
    }
    writer.write(folder, piece, { next: { file: 0, row: 0 }, isLast: piece === 3, tally: createTally() });
  }
  return openCatalogue(folder, 4, bands);
};

describe("tables of a fixed size", () => {
  const keep = { ...settings, duplicates: { ...settings.duplicates, exact: "keep", near: "keep" } } as const;

  it("find the duplicates that one large table finds", async (t) => {
    const catalogue = catalogueOf(t);
    for (const how of [settings, keep]) {
      const once = await deduplicate(catalogue, how, { signal: t.signal });
      const often = await deduplicate(catalogue, how, { signal: t.signal, tableBytes: 400 });
      assert.deepEqual(often.fates, once.fates);
      const firsts = ({ clusters }: typeof once) => Array.from(once.fates, (_, document) => clusters.find(document));
      assert.deepEqual(firsts(often), firsts(once));
      assert.ok(new Set(firsts(once)).size < catalogue.count / 3, "most come again");
    }
  });

  it("share keys out among their passes, whatever was chosen", async (t) => {
    const catalogue = { pieces: 1, firsts: [0, 45], count: 45 };
    // Multiples of the number of passes, three times as many as a table has room for.
    const keys = Uint32Array.from({ length: 45 }, (_, i) => 60 * (i + 1));
    const table = { signal: t.signal, bytes: 400 };
    await eachEqual(
      catalogue,
      () => [keys, keys],
      () => assert.fail("none is equal"),
      table,
    );
  });

  it("are left when a signal says so, as every stage over them is", async (t) => {
    const catalogue = catalogueOf(t);
    const aborted = { name: "AbortError" };
    await assert.rejects(deduplicate(catalogue, keep, { signal: stopSoon() }), aborted);
    const { fates } = await deduplicate(catalogue, keep, { signal: t.signal });
    await assert.rejects(planShards(catalogue, fates, TRAINING, settings, { signal: stopSoon() }), aborted);
    await assert.rejects(removeOverlap({ catalogue, settings, fates, benchmarks: [], signal: stopSoon() }), aborted);
    const lots = [...fates.keys()].map((document): [number, DocumentAt[]] => [
      document,
      [
        {
          piece: pieceOf(catalogue, document),
          offset: catalogue.offsets[document]!,
          bytes: catalogue.bytes[document]!,
        },
      ],
    ]);
    for (const threads of [1, 2]) {
      const encoding = { folder: catalogue.folder, tokenizer: "byte", threads, signal: stopSoon() };
      await assert.rejects(
        encodeShards(encoding, lots, async () => {}),
        aborted,
      );
    }
  });

  it("shuffle as one does", async (t) => {
    const catalogue = catalogueOf(t);
    const { fates } = await deduplicate(catalogue, keep, { signal: t.signal });
    for (const fate of [TRAINING, HELD_OUT]) {
      const once = await planShards(catalogue, fates, fate, settings, { signal: t.signal });
      assert.ok(once.length > 3);
      assert.deepEqual(await planShards(catalogue, fates, fate, settings, { signal: t.signal, sorted: 7 }), once);
    }
  });
});
