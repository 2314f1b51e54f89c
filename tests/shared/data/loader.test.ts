import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { openSource } from "#datasets/index.js";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { type Batch, heldOutBatches, type LoaderOptions, trainingLoader } from "#shared/data/loader.js";
import { createRandom } from "#shared/data/random.js";
import type { DocumentSource } from "#shared/data/source.js";
import { isHeldOut } from "#shared/data/split.js";
import { type TokenSource, tokenised } from "#shared/data/token-source.js";

const SEED = "5e".repeat(32);

/** Documents that name themselves in every word, so that any window shows where it is from. */
const named = (kind: string, size: number | "unbounded", words = 40): DocumentSource => ({
  kind,
  size,
  document: (index) => `${`${kind}${index};`.repeat(1 + (index % words))}\n`,
});

const options = (...sources: readonly DocumentSource[]): LoaderOptions => ({
  sources: sources.map((source) => ({ source: tokenised(source, byteTokenizer), weight: 1 })),
  tokenizer: byteTokenizer,
  sequenceLength: 64,
  batchSize: 8,
  heldOut: 0.3,
});

const rows = ({ ids, batchSize, sequenceLength }: Batch): string[] =>
  Array.from({ length: batchSize }, (_, row) =>
    byteTokenizer.decode(ids.subarray(row * sequenceLength, (row + 1) * sequenceLength)),
  );

/** Indices whose name a window shows whole. */
const shown = (batch: Batch, kind: string): number[] =>
  rows(batch).flatMap((row) =>
    [...row.matchAll(new RegExp(`(?<![a-z0-9])${kind}(\\d+);`, "g"))].map((match) => Number(match[1])),
  );

const fingerprint = (batches: readonly Batch[]): string => {
  const hash = createHash("sha256");
  for (const { ids, targets } of batches) {
    for (const array of [ids, targets]) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return hash.digest("hex");
};

const take = (count: number, loader: { next(): Batch }): Batch[] => Array.from({ length: count }, () => loader.next());

test("no training batch holds a held-out document, and evaluation holds nothing else", () => {
  for (const source of [named("a", 200), named("a", "unbounded")]) {
    const seen = take(100, trainingLoader({ ...options(source), seed: 1 })).flatMap((batch) => shown(batch, "a"));
    assert.ok(new Set(seen).size > 100, "many documents are seen");
    for (const index of seen) assert.equal(isHeldOut(source.document(index), 0.3), false, `document ${index}`);

    const evaluated = heldOutBatches({ ...options(source), seed: SEED, batches: 50 }).flatMap((b) => shown(b, "a"));
    assert.ok(new Set(evaluated).size > 30);
    for (const index of evaluated) assert.equal(isHeldOut(source.document(index), 0.3), true, `document ${index}`);
  }
});

test("a duplicate of a held-out document under another index is held out too", () => {
  const texts = Array.from({ length: 40 }, (_, i) => `text ${String.fromCharCode(65 + (i % 20)).repeat(30)};`);
  const source: DocumentSource = { kind: "twice", size: texts.length, document: (index) => texts[index] ?? "" };
  const held = new Set(texts.filter((text) => isHeldOut(text, 0.3)));
  assert.ok(held.size > 0);
  const trained = take(50, trainingLoader({ ...options(source), seed: 2 }))
    .flatMap(rows)
    .join("\n");
  for (const text of held) assert.ok(!trained.includes(text.slice(5, 15)));
});

test("targets are the tokens one further on", () => {
  const { ids, targets, batchSize, sequenceLength } = trainingLoader({ ...options(named("a", 50)), seed: 3 }).next();
  assert.equal(ids.length, batchSize * sequenceLength);
  for (let row = 0; row < batchSize; row++) {
    const at = row * sequenceLength;
    assert.deepEqual(targets.subarray(at, at + sequenceLength - 1), ids.subarray(at + 1, at + sequenceLength));
  }
});

test("one seed, one stream; another seed, another stream", () => {
  const stream = (seed: string | number): string =>
    fingerprint(take(5, trainingLoader({ ...options(named("a", 50), named("b", "unbounded")), seed })));
  assert.equal(stream("hotkey 7"), stream("hotkey 7"));
  assert.notEqual(stream("hotkey 7"), stream("hotkey 8"));
  const drawn = (seed: string): string => fingerprint(heldOutBatches({ ...options(named("a", 50)), seed, batches: 3 }));
  assert.equal(drawn(SEED), drawn(SEED));
  assert.notEqual(drawn(SEED), drawn("5f".repeat(32)));
});

test("evaluation batches of the real sources are pinned: every machine must draw these bytes", () => {
  const kinds = ["moby-dick", "sotu", "arithmetic"];
  const batches = heldOutBatches({
    ...options(...kinds.map((kind) => openSource({ kind }))),
    heldOut: 0.05,
    seed: SEED,
    batches: 4,
  });
  assert.equal(fingerprint(batches), "c8ee6b91357bcd99247c5f88035c379ffe80b1868c86681cc0620bb92e497152");
});

test("windows begin in each source by its weight", () => {
  const sources = [
    { source: named("a", 50), weight: 1 },
    { source: named("b", "unbounded"), weight: 3 },
    { source: named("c", 400), weight: 4 },
  ];
  const weighted = sources.map(({ source, weight }) => ({ source: tokenised(source, byteTokenizer), weight }));
  const batches = take(250, trainingLoader({ ...options(), sources: weighted, seed: "weights" }));
  const counts = [0, 0, 0];
  for (const row of batches.flatMap(rows)) counts["abc".indexOf(/[abc]/.exec(row)?.[0] ?? "")]! += 1;
  const expected = [250, 750, 1_000];
  const chiSquare = counts.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);
  assert.ok(chiSquare < 13.8, `2 degrees of freedom, p = 0.001: ${counts}`);
});

test("documents of a bounded source are drawn by their length", () => {
  const long: DocumentSource = {
    kind: "two",
    size: 2,
    document: (index) => (index === 0 ? "x".repeat(3_000) : "y".repeat(1_000)),
  };
  const share = take(100, trainingLoader({ ...options(long), heldOut: 0, seed: 4 }))
    .flatMap(rows)
    .filter((row) => row.startsWith("x")).length;
  // 800 windows of which three quarters begin in the long document: four standard deviations are 49.
  assert.ok(Math.abs(share - 600) < 49, `${share}`);
});

test("short documents are packed with the separator between them", () => {
  const short: DocumentSource = { kind: "short", size: 20, document: (index) => `<${index}>` };
  const text = rows(trainingLoader({ ...options(short), heldOut: 0, seed: 5 }).next()).join("");
  assert.match(text, /<\d+><\|endoftext\|><\d+><\|endoftext\|>/);
});

/** Documents of the ids 1, 2, 3 …, of which every other one counts. */
const chats: TokenSource = {
  kind: "chats",
  size: 5,
  tokens: () => ({ ids: Uint32Array.from([70_001, 70_002, 70_003, 70_004]), counts: Uint8Array.from([0, 1, 0, 1]) }),
  place: () => ({ side: "training", bytes: 4 }),
};

test("ids above 65,535 stay what they are, and a prediction that does not count has the target −1", () => {
  const tokenizer = {
    startOfDocument: 70_000,
    endOfDocument: 70_005,
    bytesOf: (ids: ArrayLike<unknown>) => 2 * ids.length,
  };
  const { ids, targets, counted, bytes } = trainingLoader({
    ...options(),
    sources: [{ source: chats, weight: 1 }],
    tokenizer,
    seed: 7,
  }).next();
  assert.deepEqual([...new Set(ids)].sort(), [70_000n, 70_001n, 70_002n, 70_003n, 70_004n, 70_005n]);
  for (const [i, id] of ids.entries()) {
    if (i % 64 === 63) continue;
    assert.equal(targets[i], ids[i + 1] === 70_001n || ids[i + 1] === 70_003n ? -1n : ids[i + 1], `after ${id}`);
  }
  assert.equal(counted, targets.filter((target) => target >= 0n).length);
  assert.equal(bytes, 2 * counted);
});

test("documents of more than 4 GiB of text are drawn by their bytes", () => {
  const bytes = [2 ** 31, 2 ** 32, 2 ** 33];
  const source: TokenSource = {
    kind: "large",
    size: bytes.length,
    tokens: (index) => ({ ids: Uint32Array.of(index) }),
    place: (index) => ({ side: "training", bytes: bytes[index]! }),
  };
  const batches = take(20, trainingLoader({ ...options(), sources: [{ source, weight: 1 }], seed: 9 }));
  const drawn = batches.flatMap(({ ids }) => [...ids]).filter((id) => id < 3n);
  for (const [index, length] of bytes.entries()) {
    const share = drawn.filter((id) => Number(id) === index).length / drawn.length;
    assert.ok(Math.abs(share - length / (7 * 2 ** 31)) < 0.03, `document ${index}: ${share}`);
  }
});

test("a document that has its separators gets none, and its mask alone says what counts", () => {
  const source: TokenSource = { ...chats, tokens: (index) => ({ ...chats.tokens(index), isWhole: true }) };
  const { ids, targets } = trainingLoader({
    ...options(),
    sources: [{ source, weight: 1 }],
    tokenizer: { startOfDocument: 70_000, endOfDocument: 70_005, bytesOf: ({ length }) => length },
    seed: 7,
  }).next();
  const following = new Map([
    [70_001n, 70_002n],
    [70_002n, 70_003n],
    [70_003n, 70_004n],
    [70_004n, 70_001n],
  ]);
  for (const [i, id] of ids.entries()) {
    const next = following.get(id)!;
    if (i % 64 < 63) assert.equal(ids[i + 1], next);
    assert.equal(targets[i], next === 70_001n || next === 70_003n ? -1n : next);
  }
});

test("of isolated documents the batch says where each begins, and no prediction of a first token counts", () => {
  const short: DocumentSource = {
    kind: "short",
    size: 20,
    document: (index) => "abcdefghij".slice(0, 1 + (index % 5)),
  };
  const isolated = trainingLoader({ ...options(short), heldOut: 0, seed: 8, isolated: true }).next();
  const plain = trainingLoader({ ...options(short), heldOut: 0, seed: 8 }).next();
  assert.deepEqual(isolated.ids, plain.ids);
  assert.equal(plain.starts, undefined);
  const { ids, targets, starts, counted, bytes } = isolated;
  const end = BigInt(byteTokenizer.endOfDocument);
  for (const [i, id] of ids.entries()) {
    const place = i % 64;
    const begins = place > 0 && ids[i - 1] === end;
    assert.equal(starts![i], begins ? BigInt(place) : place === 0 ? 0n : starts![i - 1], `token ${i}`);
    assert.equal(targets[i], id === end ? -1n : plain.targets[i], `after token ${i}`);
  }
  const predicted = targets.filter((target) => target >= 0n);
  assert.deepEqual([counted, bytes], [predicted.length, predicted.filter((target) => target !== end).length]);
  assert.equal(plain.counted, 512);
});

test("a side without documents is a fault that names the source", () => {
  const one: DocumentSource = { kind: "one", size: 1, document: () => "abc" };
  const faults = { code: "SPLIT_EMPTY", message: 'the source "one" has no held-out document' };
  assert.throws(() => heldOutBatches({ ...options(one), seed: SEED, batches: 1 }), faults);
  assert.throws(() => trainingLoader({ ...options(one), heldOut: 0.9, seed: 1 }), { code: "SPLIT_EMPTY" });
  const same: DocumentSource = { kind: "same", size: "unbounded", document: () => "abc" };
  const unbounded = { ...options(same), seed: SEED, batches: 1 };
  assert.throws(() => heldOutBatches(unbounded), { code: "SPLIT_EMPTY" });
  assert.throws(() => trainingLoader({ ...options(), seed: 1 }), { code: "NO_DATA" });
  assert.throws(() => heldOutBatches({ ...unbounded, seed: "short" }), RangeError);
});

test("the first and the last byte of a document are reached", () => {
  const source: DocumentSource = { kind: "edges", size: 1, document: () => `^${"-".repeat(100)}$` };
  const text = take(20, trainingLoader({ ...options(source), heldOut: 0, seed: 6 }))
    .flatMap(rows)
    .join("");
  assert.ok(text.includes("^-") && text.includes("-$<|endoftext|>"));
  assert.notEqual(createRandom("a").uint32(), createRandom("b").uint32());
});
