import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { firstTable, rowHash } from "#owner/pack/duplicates/first-table.js";
import { gramSet } from "#owner/pack/duplicates/gram-set.js";
import { keyedHash, randomTableKey, tableKeyOf } from "#owner/pack/duplicates/keyed-hash.js";
import { bandKeys, chanceToFind, type Lsh } from "#owner/pack/duplicates/minhash.js";
import { sortedOrder } from "#owner/pack/duplicates/sort-keys.js";
import { unionFind } from "#owner/pack/duplicates/union-find.js";
import { countTable } from "#owner/pack/filters/count-table.js";
import { eachGram } from "#owner/pack/text/grams.js";
import { createWords, findWords } from "#owner/pack/text/words.js";
import { createRandom } from "#shared/data/random.js";
import { withinTime } from "#shared/util/within-time.js";
import { coded } from "#tests/support/coded.js";
import { paragraphs, perturbed } from "./material.js";

const LSH: Lsh = { words: 5, bands: 16, rows: 8 };

/** Of 0x9e3779b1 modulo 2^32. */
const INVERSE = 0x0e8b2f51;
/** Milliseconds that no work in proportion to its input takes here. */
const HOPELESS = 120_000;

const shinglesOf = (text: string): ReadonlySet<string> => {
  const found = new Set<string>();
  eachGram(findWords(text, createWords()), LSH.words, (high, low) => found.add(`${high} ${low}`));
  return found;
};

const similarity = (a: string, b: string): number => {
  const [first, second] = [shinglesOf(a), shinglesOf(b)];
  const shared = [...first].filter((shingle) => second.has(shingle)).length;
  return shared / (first.size + second.size - shared);
};

const finder = () => {
  const keysOf = bandKeys(LSH);
  const keys = (text: string) => {
    const [highs, lows] = [new Uint32Array(LSH.bands), new Uint32Array(LSH.bands)];
    keysOf(findWords(text, createWords()), highs, lows);
    return Array.from(highs, (high, band) => `${high} ${lows[band]}`);
  };
  return (a: string, b: string): boolean => {
    const other = keys(b);
    return keys(a).some((key, band) => key === other[band]);
  };
};

describe("near-duplicates", () => {
  it("are found as often as the formula says, whatever the similarity", () => {
    const agrees = finder();
    const texts = paragraphs();
    // Texts of some hundred words, so that bins are not empty.
    const pairs = Array.from({ length: 600 }, (_, i) => {
      const text = texts.slice((3 * i) % 900, ((3 * i) % 900) + 3).join(" ");
      const other = perturbed(text, [0.01, 0.03, 0.05, 0.08][i % 4]!, `pair ${i}`);
      return { expected: chanceToFind(similarity(text, other), LSH), isFound: agrees(text, other) };
    });
    const found = pairs.filter(({ isFound }) => isFound).length;
    const expected = pairs.reduce((sum, pair) => sum + pair.expected, 0);
    const deviation = Math.sqrt(pairs.reduce((sum, { expected: p }) => sum + p * (1 - p), 0));
    assert.ok(Math.abs(found - expected) < 5 * deviation, `${found} found, ${expected} expected ± ${deviation}`);
    assert.ok(expected > 150 && expected < 550, `${expected}`);
  });

  it("are not taken for such where texts have nothing in common", () => {
    const agrees = finder();
    const texts = paragraphs();
    let wrong = 0;
    for (let i = 0; i + 1 < 800; i++)
      if (similarity(texts[i]!, texts[i + 1]!) === 0 && agrees(texts[i]!, texts[i + 1]!)) wrong++;
    assert.equal(wrong, 0);
  });

  it("the chance at a similarity is that of the book", () => {
    assert.ok(Math.abs(chanceToFind(0.8, LSH) - 0.9471) < 1e-4);
    assert.ok(Math.abs(chanceToFind(0.5, { words: 5, bands: 20, rows: 5 }) - 0.47) < 1e-3);
  });
});

describe("words", () => {
  it("are told apart by a rule of our own, and lower case", () => {
    const words = findWords("The Whale's Zürich, Αθήνα — МОСКВА 東京へ x2", createWords());
    const text = "The Whale's Zürich, Αθήνα — МОСКВА 東京へ x2";
    const found = Array.from({ length: words.count }, (_, i) => text.slice(words.starts[i], words.ends[i]));
    assert.deepEqual(found, ["The", "Whale", "s", "Zürich", "Αθήνα", "МОСКВА", "東", "京", "へ", "x2"]);
    const lower = findWords(text.toLowerCase(), createWords());
    assert.deepEqual(lower.hashes.subarray(0, 10), words.hashes.subarray(0, 10));
  });

  it("in a row hash alike wherever they stand", () => {
    const gramsOf = (text: string, n: number) => {
      const grams: string[] = [];
      eachGram(findWords(text, createWords()), n, (high, low) => grams.push(`${high} ${low}`));
      return grams;
    };
    const long = gramsOf("one two three four five six seven", 3);
    assert.equal(long.length, 5);
    assert.deepEqual(gramsOf("three FOUR, five", 3), [long[2]]);
    assert.deepEqual(gramsOf("three four", 3).length, 1);
    assert.deepEqual(gramsOf("…", 3), []);
    assert.equal(new Set(long).size, 5);
  });
});

describe("tables", () => {
  it("sort keys of 64 bits, equal ones as they stood", () => {
    const random = createRandom("keys");
    const highs = Uint32Array.from({ length: 5000 }, () => random.below(3) * 0x7fffffff);
    const lows = Uint32Array.from({ length: 5000 }, () => random.below(50) * 0x5000001);
    const order = [...sortedOrder(highs, lows)];
    const expected = order.map((_, i) => i).sort((a, b) => highs[a]! - highs[b]! || lows[a]! - lows[b]! || a - b);
    assert.deepEqual(order, expected);
    assert.deepEqual(sortedOrder(new Uint32Array(), new Uint32Array()), new Uint32Array());
  });

  it("join sets, known by their least member", () => {
    const sets = unionFind(6);
    sets.join(5, 3);
    sets.join(3, 4);
    sets.join(1, 4);
    assert.deepEqual([0, 1, 2, 3, 4, 5].map(sets.find), [0, 1, 2, 1, 1, 1]);
  });

  it("know the grams that were added, and hardly any other", () => {
    const random = createRandom("grams");
    const grams = Array.from({ length: 20_000 }, () => [random.uint32(), random.uint32()] as const);
    const known = gramSet(10_000, randomTableKey());
    for (const [high, low] of grams.slice(0, 10_000)) known.add(high, low);
    assert.ok(grams.slice(0, 10_000).every(([high, low]) => known.has(high, low)));
    assert.ok(grams.slice(10_000).every(([high, low]) => !known.has(high, low)));
    known.add(5, 0);
    assert.ok(known.has(5, 0));
  });

  it("take no longer for words that were chosen to fill one place of them", () => {
    const count = 1 << 20;
    // What the places were told by, before they had a key: a product that is small, the first word alone, and the lowest bits.
    const small = (i: number) => Math.imul(i, INVERSE) >>> 0;
    const work: readonly (() => void)[] = [
      () => {
        const known = gramSet(count, randomTableKey());
        for (let i = 0; i < count; i++) known.add(small(i), i);
      },
      () => {
        const known = gramSet(count, randomTableKey());
        for (let i = 0; i < count; i++) known.add(7, i);
      },
      () => {
        const columns = [new Uint32Array(count).fill(7), Uint32Array.from({ length: count }, (_, i) => i)];
        const table = firstTable(count, 2, rowHash(randomTableKey()));
        for (let i = 0; i < count; i++) assert.equal(table.firstOf(columns, i, i), i);
        assert.equal(table.firstOf(columns, 5, count), 5);
      },
      () => {
        const counts = countTable();
        counts.clear(count);
        for (let i = 0; i < count; i++) assert.equal(counts.add((i << 21) | (i >>> 11)), 1);
        assert.equal(counts.add(0), 2);
      },
    ];
    for (const one of work)
      assert.ok(
        withinTime(HOPELESS, () => [one()]),
        "it takes the square of their number",
      );
  });

  it("refuse texts that were made with their key", () => {
    const key = randomTableKey();
    const hash = keyedHash(key);
    const known = gramSet(4096, key);
    const fill = () => {
      for (let low = 1; ; low++) if (hash(7, low) >>> 18 === 0) known.add(7, low);
    };
    assert.throws(fill, coded("DATASET_MALFORMED", /were chosen/));
  });

  it("have a key of all that is put in, the same on every machine", () => {
    const key = tableKeyOf([Buffer.from("one"), Buffer.from("two")]);
    assert.deepEqual([...key], [0xeca1754a, 0x5e915089, 0xbf319780, 0xa62899fc]);
    assert.notDeepEqual([...tableKeyOf([Buffer.from("one"), Buffer.from("twp")])], [...key]);
  });
});
