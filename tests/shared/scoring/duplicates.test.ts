import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";
import { findDuplicates } from "#shared/scoring/duplicates.js";
import { createSketcher, decodeSketch, encodeSketch, type Sketch, similarity } from "#shared/scoring/sketch.js";

const LENGTH = 20_000;
const sketcher = createSketcher(12_345);
const random = createRandom("duplicates");
const noise = (length = LENGTH) => Float32Array.from({ length }, () => normal(random));
const mixed = (a: Float32Array, share: number, b: Float32Array) => a.map((value, i) => value + share * b[i]!);
const close = (actual: number | null, expected: number, tolerance: number) =>
  assert.ok(actual !== null && Math.abs(actual - expected) < tolerance, `${actual} is not ${expected} ± ${tolerance}`);

/** Honest updates that share what the text has to teach: of the given cosine to one another. */
const honest = (count: number, cosine: number): Float32Array[] => {
  const common = noise();
  return Array.from({ length: count }, () => mixed(common, Math.sqrt(1 / cosine - 1), noise()));
};
const entry = (hotkey: string, sketch: Sketch | null, commitBlock = 1) => ({
  hotkey,
  artifact: `artifact of ${hotkey}`,
  tensors: `tensors of ${hotkey}`,
  sketch,
  commitBlock,
});
const sketched = (update: Float32Array) => sketcher([update]);

test("the earlier commit is the original, equal blocks go by artifact hash, and order of discovery is nothing", () => {
  const entries = [
    { hotkey: "copier", artifact: "a", tensors: "t1", sketch: null, commitBlock: 9 },
    { hotkey: "author", artifact: "z", tensors: "t1", sketch: null, commitBlock: 8 },
    { hotkey: "twin-b", artifact: "c", tensors: "t2", sketch: null, commitBlock: 8 },
    { hotkey: "twin-a", artifact: "b", tensors: "t2", sketch: null, commitBlock: 8 },
    { hotkey: "honest", artifact: "d", tensors: "t3", sketch: null, commitBlock: 10 },
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (submissions) => {
      const found = findDuplicates({ cycle: 5, submissions, lineage: [] });
      assert.deepEqual([...found].sort(), [
        ["copier", { original: { cycle: 5, hotkey: "author", artifact: "z" }, likeness: null }],
        ["twin-b", { original: { cycle: 5, hotkey: "twin-a", artifact: "b" }, likeness: null }],
      ]);
    }),
    { seed: 2, numRuns: 30 },
  );
});

test("what was merged before is a duplicate whoever submits it, its author included", () => {
  const lineage = [
    { cycle: 3, hotkey: "copier", artifact: "y", tensors: "t", sketch: null },
    { cycle: 2, hotkey: "author", artifact: "x", tensors: "t", sketch: null },
  ];
  const submissions = [
    { hotkey: "author", artifact: "n", tensors: "t", sketch: null, commitBlock: 1 },
    { hotkey: "other", artifact: "m", tensors: "u", sketch: null, commitBlock: 1 },
  ];
  const found = findDuplicates({ cycle: 4, submissions, lineage });
  assert.deepEqual(
    [...found],
    [["author", { original: { cycle: 2, hotkey: "author", artifact: "x" }, likeness: null }]],
  );
});

test("sketches estimate cosine, agreement of signs and overlap, and survive storage", () => {
  const a = noise();
  for (const share of [0, 0.5, 1, 3]) {
    const b = mixed(a, share, noise());
    const alike = similarity(sketched(a), sketched(b));
    close(alike.cosine, 1 / Math.sqrt(1 + share * share), 0.07);
    close(alike.signs, 1 - (2 / Math.PI) * Math.atan(share), 0.07);
    assert.equal(alike.overlap, null);
  }
  const sparse = (from: number, to: number) => a.map((value, i) => (i >= from && i < to ? value : 0));
  close(similarity(sketched(sparse(0, 3000)), sketched(sparse(1000, 4000))).overlap, 0.5, 0.08);
  for (const update of [a, sparse(0, 3000)])
    assert.deepEqual(decodeSketch(encodeSketch(sketched(update))), sketched(update));
  assert.equal(decodeSketch(new Uint8Array(12)), null);
  const zero = similarity(sketched(new Float32Array(100)), sketched(new Float32Array(100)));
  assert.deepEqual([zero.cosine, zero.signs], [0, 0]);
});

test("one update in several tensors has one sketch; another seed gives another", () => {
  const a = noise(1000);
  assert.deepEqual(sketcher([a.slice(0, 300), a.slice(300)]), sketched(a));
  assert.notDeepEqual(createSketcher(1)([a]), sketched(a));
});

for (const cosine of [0.45, 0.6, 0.85, 0.93])
  test(`copies under noise of half their norm are found among honest updates of cosine ${cosine}`, () => {
    const updates = honest(6, cosine);
    const stolen = updates[0]!;
    const length = Math.hypot(...stolen);
    const shake = () => {
      const shaken = noise();
      return mixed(stolen, (0.5 * length) / Math.hypot(...shaken), shaken);
    };
    const submissions = [
      ...updates.map((update, i) => entry(`miner ${i}`, sketched(update), 1 + i)),
      ...[7, 8, 9].map((block) => entry(`copier ${block}`, sketched(shake()), block)),
    ];
    const found = findDuplicates({ cycle: 4, submissions, lineage: [] });
    assert.deepEqual([...found.keys()], ["copier 7", "copier 8", "copier 9"]);
    for (const { original } of found.values()) assert.equal(original.hotkey, "miner 0");
  });

test("a flood of one's own copies does not make them look like what all have in common", () => {
  const [mine, ...others] = honest(4, 0.7);
  const flood = Array.from({ length: 12 }, (_, i) => entry(`sybil ${i}`, sketched(mixed(mine!, 0.3, noise())), 1));
  const found = findDuplicates({
    cycle: 4,
    submissions: [...flood, ...others.map((update, i) => entry(`miner ${i}`, sketched(update), 2))],
    lineage: [],
  });
  assert.deepEqual(
    [...found.keys()].filter((hotkey) => hotkey.startsWith("miner")),
    [],
  );
});

test("a disguised copy of what was merged in an earlier cycle is found", () => {
  const [winner, own] = honest(2, 0.5);
  const lineage = [
    { cycle: 2, ...entry("author", sketched(winner!)) },
    { cycle: 1, ...entry("unseen", null) },
  ];
  const copy = sketched(mixed(winner!, 0.2, noise()));
  const found = findDuplicates({ cycle: 4, submissions: [entry("late", copy), entry("own", sketched(own!))], lineage });
  assert.deepEqual(
    [...found].map(([hotkey, { original }]) => [hotkey, original.hotkey, original.cycle]),
    [["late", "author", 2]],
  );
});

/** A weighted sum of vectors of unit length, of unit length if these are independent. */
const sumOf = (...parts: readonly (readonly [weight: number, vector: Float32Array])[]): Float32Array =>
  Float32Array.from({ length: LENGTH }, (_, i) =>
    parts.reduce((sum, [weight, vector]) => sum + Math.sqrt(weight) * vector[i]!, 0),
  );
const judged = (updates: readonly (readonly [hotkey: string, update: Float32Array])[]) => {
  const submissions = updates.map(([hotkey, update], i) => entry(hotkey, sketched(update), i));
  return [...findDuplicates({ cycle: 1, submissions, lineage: [] }).keys()];
};

for (const poisons of [3, 8, 20])
  test(`${poisons} hotkeys that commit first and have little in common with anybody get no honest miner accused`, () => {
    const common = noise();
    const work = () => sumOf([0.8, common], [0.2, noise()]);
    const [own, drag] = [work(), noise()];
    assert.deepEqual(
      judged([
        ...Array.from(
          { length: poisons },
          (_, i) => [`poison ${i}`, sumOf([0.15, own], [0.17, drag], [0.68, noise()])] as const,
        ),
        ["poisoner", own],
        ...Array.from({ length: 4 }, (_, i) => [`miner ${i}`, work()] as const),
      ]).filter((hotkey) => hotkey.startsWith("miner")),
      [],
    );
  });

test("miners of several kinds, two of a kind, are not accused of copying each other", () => {
  for (const [kinds, all, kind] of [
    [4, 0.7, 0.1],
    [6, 0.65, 0.15],
    [6, 0.5, 0.2],
  ] as const) {
    const common = noise();
    const own = Array.from({ length: kinds }, () => noise());
    const updates = Array.from(
      { length: 2 * kinds },
      (_, i) => [`miner ${i}`, sumOf([all, common], [kind, own[i % kinds]!], [1 - all - kind, noise()])] as const,
    );
    assert.deepEqual(judged(updates), [], `${kinds} kinds, ${all} in common`);
  }
});

test("small miners are no copies of a large one, whose update is nearly what all have in common", () => {
  const common = noise();
  const small = Array.from({ length: 6 }, (_, i) => [`miner ${i}`, sumOf([0.8, common], [0.2, noise()])] as const);
  assert.deepEqual(judged([["large", sumOf([0.985, common], [0.015, noise()])], ...small]), []);
});

test("copies are found also where they are committed before their original, and under noise as long as itself", () => {
  const [mine, ...others] = honest(6, 0.8);
  const updates = others.map((update, i) => [`miner ${i}`, update] as const);
  const shake = (share: number) => mixed(mine!, (share * Math.hypot(...mine!)) / Math.sqrt(LENGTH), noise());
  assert.deepEqual(judged([["first", shake(0.5)], ["original", mine!], ...updates]), ["original"]);
  assert.deepEqual(judged([...updates, ["original", mine!], ["copier", shake(1)]]), ["copier"]);
});

test("honest miners are not accused: 450 pairs at each likeness", () => {
  for (const cosine of [0.4, 0.7, 0.87, 0.95]) {
    let accused = 0;
    for (let round = 0; round < 10; round++) {
      const submissions = honest(10, cosine).map((update, i) => entry(`miner ${i}`, sketched(update), i));
      accused += findDuplicates({ cycle: 1, submissions, lineage: [] }).size;
    }
    assert.equal(accused, 0, `${accused} at cosine ${cosine}`);
  }
});

/** Of a twentieth of the places: of those that `common` says first, `share`; the others anywhere. */
const sparse = (common: readonly number[], share: number, count = LENGTH / 20): Float32Array => {
  const update = new Float32Array(LENGTH);
  for (const place of common.slice(0, Math.round(share * count))) update[place] = random.next() < 0.5 ? -1 : 1;
  for (let left = count - Math.round(share * count); left > 0; ) {
    const place = Math.floor(random.next() * LENGTH);
    if (update[place] !== 0) continue;
    update[place] = random.next() < 0.5 ? -1 : 1;
    left--;
  }
  return update;
};
const somePlaces = () => {
  const order = Array.from({ length: LENGTH }, (_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
};

test("sparse copies are found by their places, whatever their values, with a quarter of the places given up", () => {
  const common = somePlaces();
  const updates = Array.from({ length: 6 }, () => sparse(common, 0.45));
  const stolen = updates[0]!;
  const copy = stolen.map((value) => (value !== 0 && random.next() >= 0.25 ? (random.next() < 0.5 ? -0.3 : 2) : 0));
  const submissions = [
    ...updates.map((update, i) => entry(`miner ${i}`, sketched(update), i)),
    entry("copier", sketched(copy), 9),
  ];
  const found = findDuplicates({ cycle: 4, submissions, lineage: [] });
  assert.deepEqual(
    [...found].map(([hotkey, { original }]) => [hotkey, original.hotkey]),
    [["copier", "miner 0"]],
  );
  assert.ok((found.get("copier")?.likeness?.overlap ?? 0) > 0.6);
});

test("honest sparse updates are not accused, also where all of a group choose much the same places", () => {
  for (const share of [0, 0.45, 0.6, 0.8]) {
    const common = somePlaces();
    const submissions = Array.from({ length: 10 }, (_, i) => entry(`miner ${i}`, sketched(sparse(common, share)), i));
    assert.deepEqual([...findDuplicates({ cycle: 1, submissions, lineage: [] }).keys()], [], `${share} in common`);
  }
});
