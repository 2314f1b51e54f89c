import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { type MergeInput, mergeInMemory } from "#bench/merge-in-memory.js";
import { l2Norm } from "#shared/artifact/update.js";
import { createRandom } from "#shared/data/random.js";
import { clipToMedianNorm } from "#shared/merge/robust/clip-to-median-norm.js";
import { type MergeRule, mergeRuleSchema } from "#shared/protocol/network-file/training.js";
import { lowerMedian } from "#shared/util/lower-median.js";
import { loadVectors } from "../../protocol/vectors.js";

const rules: readonly MergeRule[] = [
  { rule: "weighted-mean", clip: "median-norm" },
  { rule: "weighted-mean", clip: "none" },
  { rule: "trimmed-mean", trim: 0.3 },
  { rule: "geometric-median", iterations: 16 },
  { rule: "centred-clipping", iterations: 4 },
];
const robust = rules.filter((rule) => !("clip" in rule && rule.clip === "none"));

/** An update's tensors. */
type Tensors = readonly Float32Array[];

const LENGTHS = [7, 1, 12];
const point = (seed: string, size = 1): Tensors => {
  const random = createRandom(seed);
  return LENGTHS.map((length) => Float32Array.from({ length }, () => size * (random.next() - 0.5)));
};
const plus = (a: Tensors, b: Tensors, factor: number): Tensors =>
  a.map((data, t) => data.map((value, i) => value + factor * b[t]![i]!));
const normOf = (tensors: Tensors): number => l2Norm(tensors.map((data) => ({ data })));
const apart = (a: Tensors, b: Tensors): number => normOf(plus(a, b, -1));
const mean = (inputs: readonly MergeInput[]): Tensors =>
  inputs[0]!.tensors.map((data, t) =>
    data.map((_, i) => inputs.reduce((sum, { tensors, share }) => sum + share * tensors[t]![i]!, 0)),
  );

/** Inputs about one common direction, with shares that sum to 1. */
const honest = fc
  .array(fc.record({ seed: fc.nat(999), weight: fc.double({ min: 0.2, max: 1, noNaN: true }) }), {
    minLength: 1,
    maxLength: 7,
  })
  .map((list) => {
    const total = list.reduce((sum, { weight }) => sum + weight, 0);
    return list.map(
      ({ seed, weight }, i): MergeInput => ({
        tensors: plus(point("common"), point(`${seed}/${i}`), 0.4),
        share: weight / total,
      }),
    );
  });

for (const rule of rules) {
  const name = "clip" in rule ? `${rule.rule}, clip ${rule.clip}` : rule.rule;

  test(`${name}: the order of the updates decides rounding alone`, () => {
    fc.assert(
      fc.property(honest, fc.infiniteStream(fc.nat()), (inputs, keys) => {
        const keyed = inputs.map((input) => ({ input, key: keys.next().value }));
        const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ input }) => input);
        const [one, other] = [mergeInMemory(inputs, rule), mergeInMemory(shuffled, rule)];
        assert.ok(apart(one, other) <= 1e-5 * normOf(one));
      }),
      { seed: 1 },
    );
  });

  test(`${name}: equal updates come out as they went in, and one alone too`, () => {
    fc.assert(
      fc.property(honest, (inputs) => {
        const same = point("same");
        const merged = mergeInMemory(
          inputs.map(({ share }) => ({ share, tensors: same })),
          rule,
        );
        assert.ok(apart(merged, same) <= 1e-6 * normOf(same));
      }),
      { seed: 2 },
    );
  });

  test(`${name}: it scales with its inputs`, () => {
    fc.assert(
      fc.property(honest, fc.constantFrom(2 ** -40, 0.25, 2 ** 30), (inputs, factor) => {
        const scaled = inputs.map(({ tensors, share }) => ({
          share,
          tensors: tensors.map((data) => data.map((value) => value * factor)),
        }));
        const expected = mergeInMemory(inputs, rule).map((data) => data.map((value) => value * factor));
        assert.ok(apart(mergeInMemory(scaled, rule), expected) <= 1e-6 * normOf(expected));
      }),
      { seed: 3 },
    );
  });
}

/** Five honest and two who send what they like, with less of the shares than the honest. */
const attacked = (seed: number, bad: (i: number) => Tensors): { all: MergeInput[]; good: MergeInput[] } => {
  const good = [0, 1, 2, 3, 4].map((i) => ({
    tensors: plus(point("common"), point(`${seed}/${i}`), 0.4),
    share: 0.15,
  }));
  return { good, all: [...good, { tensors: bad(0), share: 0.125 }, { tensors: bad(1), share: 0.125 }] };
};

for (const rule of robust)
  test(`${rule.rule}: a minority moves the result no further than the honest are long, whatever it sends`, () => {
    fc.assert(
      fc.property(fc.nat(99), fc.constantFrom(-1, 1, 10, 1e3, 1e15, 1e30), (seed, size) => {
        const { all, good } = attacked(seed, (i) => point(`bad/${i}`, size));
        const longest = Math.max(...good.map(({ tensors }) => normOf(tensors)));
        const center = mean(good.map((input) => ({ ...input, share: 0.2 })));
        assert.ok(apart(mergeInMemory(all, rule), center) <= longest);
      }),
      { seed: 4 },
    );
  });

test("without clipping a single update decides everything: what the other rules are for", () => {
  const { all } = attacked(1, () => point("bad", 1e15));
  assert.ok(normOf(mergeInMemory(all, { rule: "weighted-mean", clip: "none" })) > 1e13);
});

test("clipping brings the longer ones down to the median and leaves the shorter", () => {
  const inputs = [1, 2, 8].map((size) => ({ tensors: [Float32Array.of(size, 0)], share: 1 / 3 }));
  const merged = mergeInMemory(inputs, { rule: "weighted-mean", clip: "median-norm" });
  assert.deepEqual(merged, [Float32Array.of((1 + 2 + 2) / 3, 0)]);
});

/** Three honest updates, as many of next to nothing. */
const shortened = (share: number, voice?: number) => {
  const good = [0, 1, 2].map((i) => ({
    tensors: plus(point("common"), point(`good/${i}`), 0.4),
    share: (1 - 3 * share) / 3,
  }));
  const bad = good.map(({ tensors }) => ({ tensors: tensors.map((data) => data.map((value) => 0.01 * value)), share }));
  return {
    good: good.map((input) => ({ ...input, share: 1 / 3 })),
    all: [...good, ...bad.map((input) => ({ ...input, ...(voice !== undefined && { voice }) }))],
  };
};

for (const rule of robust.filter(({ rule }) => rule !== "trimmed-mean")) {
  test(`${rule.rule}: as many updates of next to nothing with next to no share shorten nothing`, () => {
    const { good, all } = shortened(1e-4);
    const [merged, alone] = [mergeInMemory(all, rule), mergeInMemory(good, rule)];
    assert.ok(apart(merged, alone) <= 0.01 * normOf(alone), `${normOf(merged)} is not ${normOf(alone)}`);
  });

  // Of equal parts the geometric median is where most lie close together, whatever their length.
  if (rule.rule === "geometric-median") continue;

  test(`${rule.rule}: nor those with equal shares and nothing to say of lengths, but for the part that is theirs`, () => {
    const { all } = shortened(1 / 6, 1e-4);
    const [merged, silent] = [mergeInMemory(all, rule), mergeInMemory(shortened(1 / 6).all, rule)];
    assert.ok(normOf(merged) > 0.3 * normOf(mean(all)));
    assert.ok(normOf(silent) < 0.03 * normOf(mean(all)), "where they have as much to say, all are as short as they");
  });
}

test("of two the longer one is brought down to the shorter, unless it has the larger share", () => {
  const lengths = (shares: readonly number[]) => {
    const inputs = [1, 2].map((size, i) => ({ tensors: [Float32Array.of(size, 0)], share: shares[i]! }));
    return mergeInMemory(inputs, { rule: "weighted-mean", clip: "median-norm" })[0]![0];
  };
  assert.equal(lengths([0.5, 0.5]), 1);
  assert.equal(lengths([0.75, 0.25]), 1);
  assert.equal(lengths([0.25, 0.75]), 1.75);
});

test("equal shares have the lower median, however they round", () => {
  for (let count = 1; count <= 64; count++) {
    const norms = Array.from({ length: count }, (_, i) => count - i);
    const [clipped] = clipToMedianNorm(
      norms,
      norms.map(() => 1 / count),
    );
    assert.equal(clipped, lowerMedian(norms) / count, String(count));
  }
});

test("the trimmed mean cuts shares, not heads", () => {
  const inputs = [
    { share: 0.5, tensors: [Float32Array.of(1)] },
    { share: 0.3, tensors: [Float32Array.of(2)] },
    { share: 0.2, tensors: [Float32Array.of(100)] },
  ];
  // 0.2 off each end leaves 0.3 of the first and all of the second.
  assert.deepEqual(mergeInMemory(inputs, { rule: "trimmed-mean", trim: 0.2 }), [Float32Array.of((0.3 + 0.6) / 0.6)]);
});

test("the geometric median of three places on a line is the middle one", () => {
  const inputs = [0, 1, 50].map((at) => ({ share: 1 / 3, tensors: [Float32Array.of(at)] }));
  const [merged] = mergeInMemory(inputs, { rule: "geometric-median", iterations: 100 });
  assert.ok(Math.abs(merged![0]! - 1) < 0.05, String(merged));
});

const vectors = z.array(
  z.object({
    name: z.string(),
    rule: mergeRuleSchema,
    updates: z.array(
      z.object({ share: z.number(), voice: z.number().optional(), tensors: z.array(z.array(z.number())) }),
    ),
    merged: z.array(z.array(z.number())),
  }),
);

test("vectors: merges to the bit", () => {
  const cases = loadVectors("merge", vectors);
  assert.deepEqual(new Set(cases.map(({ rule }) => rule.rule)).size, 4);
  for (const { name, rule, updates, merged } of cases) {
    const inputs = updates.map(({ share, voice = share, tensors }) => ({
      share,
      voice,
      tensors: tensors.map((values) => Float32Array.from(values)),
    }));
    assert.deepEqual(
      mergeInMemory(inputs, rule),
      merged.map((values) => Float32Array.from(values)),
      name,
    );
  }
});
