import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { bandKeys } from "#owner/pack/duplicates/minhash.js";
import { exactHash, pieceWriter } from "#owner/pack/pieces/piece-writer.js";
import { createTally } from "#owner/pack/pieces/tally.js";
import { packSettingsSchema } from "#owner/pack/settings.js";
import { openCatalogue } from "#owner/pack/stages/catalogue.js";
import { deduplicate } from "#owner/pack/stages/deduplicate.js";
import { HELD_OUT, TRAINING } from "#owner/pack/stages/fate.js";
import { planShards } from "#owner/pack/stages/plan-shards.js";
import { createWords, findWords } from "#owner/pack/text/words.js";
import { createRandom } from "#shared/data/random.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { perturbed } from "./material.js";

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

  it("find the duplicates that one large table finds", (t) => {
    const catalogue = catalogueOf(t);
    for (const how of [settings, keep]) {
      const once = deduplicate(catalogue, how);
      const often = deduplicate(catalogue, how, () => {}, 400);
      assert.deepEqual(often.fates, once.fates);
      const firsts = ({ clusters }: typeof once) => Array.from(once.fates, (_, document) => clusters.find(document));
      assert.deepEqual(firsts(often), firsts(once));
      assert.ok(new Set(firsts(once)).size < catalogue.count / 3, "most come again");
    }
  });

  it("shuffle as one does", (t) => {
    const catalogue = catalogueOf(t);
    const { fates } = deduplicate(catalogue, keep);
    for (const fate of [TRAINING, HELD_OUT]) {
      const once = planShards(catalogue, fates, fate, settings);
      assert.ok(once.length > 3);
      assert.deepEqual(planShards(catalogue, fates, fate, settings, 7), once);
    }
  });
});
