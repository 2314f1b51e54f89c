import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";
import { createSketcher } from "#shared/independence/count-sketch.js";
import { independenceOf, type Measured } from "#shared/independence/independence.js";
import { weightedQuantile } from "#shared/independence/weighted-quantile.js";
import { BUCKETS } from "#shared/kernels/bucket-sums.js";
import { sha256 } from "#shared/protocol/hash.js";
import { loadVectors } from "../protocol/vectors.js";
import { LENGTH, lastOf, measured, noise, plus, sum, trainings } from "./model.js";

/** What `submitted` gets together, relative to what one training in its place does. */
const gainOf = (honest: readonly Float32Array[], own: Float32Array, submitted: readonly Float32Array[]): number => {
  const shareOf = (last: readonly Float32Array[]) =>
    lastOf(independenceOf(measured([...honest, ...last]), []), last.length);
  return shareOf(submitted) / shareOf([own]);
};

describe("independence", () => {
  it("is about 1 for trainings of their own, at any stage and in any number", () => {
    for (const cosine of [0.2, 0.4, 0.6, 0.8, 0.92])
      for (const count of [2, 3, 8, 24]) {
        const shares = independenceOf(measured(trainings(createRandom(`${cosine} ${count}`), count, cosine)), []);
        const squares = sum(shares.map((share) => share * share));
        assert.ok(Math.abs(sum(shares) - squares) < 1e-9, "weighted by itself the mean is 1");
        for (const share of shares) assert.ok(share > 0.6 && share < 1.5, `${cosine} ${count}: ${share}`);
      }
  });

  it("hardly changes with who else is there, so that validators that do not all have the same updates agree", () => {
    for (const cosine of [0.2, 0.43, 0.7, 0.92])
      for (const count of [4, 8]) {
        const random = createRandom(`beside ${cosine} ${count}`);
        const [stranger, ...own] = trainings(random, count + 1, cosine);
        const honest = measured(own);
        const alone = independenceOf(honest, []);
        /** Of hardly any length, with a hundredth of a training's loss reduction: it scores, and took next to no work. */
        const lazy = Array.from({ length: 5 }, () => ({ sketch: noise(random, 0.01), gain: 0.0002 }));
        const short = trainings(random, 5, cosine).map((one) => ({ sketch: one.map((x) => x / 100), gain: 0.0002 }));
        const beside = { lazy, short, ...(cosine > 0.4 && { stranger: measured([stranger!]) }) };
        for (const [name, others] of Object.entries(beside))
          for (const [i, share] of independenceOf([...honest, ...others], [])
            .slice(0, count)
            .entries())
            assert.ok(Math.abs(share / alone[i]! - 1) < 0.15, `${name}, ${count} of cosine ${cosine}: ${share}`);
      }
  });

  it("is shared with a copy that was not measured, and with nobody else that was not", () => {
    const random = createRandom("unmeasured");
    for (const cosine of [0.4, 0.8, 0.92])
      for (const others of [3, 8]) {
        const [own, stranger, ...honest] = trainings(random, others + 2, cosine);
        const noiseNorm = Math.sqrt(1 / cosine - 1);
        const all = measured([...honest, own!]);
        const alone = independenceOf(all, []);
        const beside = (...unmeasured: readonly Float32Array[]) => independenceOf(all, [], { unmeasured });
        /** Relative to what the others get. */
        const part = (shares: readonly number[]) => shares.at(-1)! / sum(shares.slice(0, -1));
        for (const [copies, most] of [
          [[own!], 0.55],
          [[own!.map((value) => value / 2)], 0.55],
          [[own!, own!, own!], 0.3],
          [[plus(own!, noise(random, 0.1 * noiseNorm))], 0.6],
        ] as const) {
          const ratio = part(beside(...copies)) / part(alone);
          assert.ok(ratio < most, `beside ${others} of cosine ${cosine}: ${ratio}`);
        }
        const nobodys = [stranger!, noise(random, 1), own!.map((value) => -value), new Float32Array(LENGTH)];
        for (const [i, share] of beside(...nobodys).entries())
          assert.ok(Math.abs(share / alone[i]! - 1) < 0.1, `beside ${others} of cosine ${cosine}: ${share}`);
      }
  });

  it("is not shared with what came late and would be worth next to nothing beside it, such as old work under noise", () => {
    const random = createRandom("old work");
    for (const cosine of [0.4, 0.8, 0.92])
      for (const others of [3, 8]) {
        const signal = noise(random, 1);
        const norm = Math.sqrt(1 / cosine - 1);
        const honest = Array.from({ length: others }, () => plus(signal, noise(random, norm)));
        const habit = noise(random, norm);
        const all = measured([...honest, plus(signal, habit)]);
        /** Of what a miner does in each cycle it has as much as its training of this one, and little of what is to be learnt now. */
        const old = Array.from({ length: 16 }, () => plus(plus(habit, signal, 0.2), noise(random, norm)));
        const left = lastOf(independenceOf(all, [], { unmeasured: old }), 1) / lastOf(independenceOf(all, []), 1);
        assert.ok(left > 0.9, `beside ${others} of cosine ${cosine}: ${left}`);
      }
  });

  it("is hardly shared with what is worth next to nothing beside it, though it lowers the loss by what everybody knows", () => {
    const random = createRandom("old work carried");
    for (const cosine of [0.4, 0.8, 0.92])
      for (const others of [4, 8]) {
        const [signal, known] = [noise(random, 1), noise(random, 1)];
        const norm = Math.sqrt(1 / cosine - 1);
        const honest = Array.from({ length: others }, () => plus(signal, noise(random, norm)));
        const habit = noise(random, norm);
        const all = measured([...honest, plus(signal, habit)]);
        /** What a miner does in each cycle, of its public work of the last one, and the group's last step once more. */
        const carried = Array.from({ length: others }, () =>
          plus(plus(plus(habit, signal, 0.2), noise(random, norm)), known),
        );
        const shares = independenceOf([...all, ...measured(carried, 0.006)], [known]).slice(0, others + 1);
        const left = lastOf(shares, 1) / lastOf(independenceOf(all, [known]), 1);
        assert.ok(left > 0.75, `beside ${others} of cosine ${cosine}: ${left}`);
      }
  });

  it("gives one training no more under many hotkeys, whatever is made of it", () => {
    const random = createRandom("recombined");
    const halves = (own: Float32Array, norm: number) => {
      const other = noise(random, norm);
      return [plus(own, other), plus(own, other, -1)];
    };
    for (const cosine of [0.4, 0.8, 0.92])
      for (const others of [3, 8]) {
        const [own, ...honest] = trainings(random, others + 1, cosine);
        const noiseNorm = Math.sqrt(1 / cosine - 1);
        const copies = (count: number, norm: number) =>
          Array.from({ length: count }, () => plus(own!, noise(random, norm)));
        const made: Record<string, readonly Float32Array[]> = {
          "the same": [own!, own!, own!, own!],
          "half of it and all of it": [own!, own!.map((value) => value / 2)],
          "halves as unlike as strangers": halves(own!, noiseNorm),
          "halves more unlike": halves(own!, 2 * noiseNorm),
          "even and odd elements": [0, 1].map((parity) => own!.map((value, i) => (i % 2 === parity ? 2 * value : 0))),
        };
        for (const count of [2, 8])
          for (const norm of [0.1, 0.3, 1]) {
            made[`${count} under noise of ${norm}`] = copies(count, norm);
            made[`it and ${count - 1} under noise of ${norm}`] = [own!, ...copies(count - 1, norm)];
          }
        for (const [name, submitted] of Object.entries(made)) {
          const gain = gainOf(honest, own!, submitted);
          assert.ok(gain < 1.15, `${name}, beside ${others} of cosine ${cosine}: ${gain}`);
        }
      }
  });

  it("gives no more to copies under noise of a training that is longer than the others'", () => {
    for (const [cosine, longer] of [
      [0.43, { gain: 1.43, length: 1.4, signal: 0.52 }],
      [0.43, { gain: 1.68, length: 1.4, signal: 0.52 }],
      [0.92, { gain: 1.65, length: 1.65, signal: 0.93 }],
    ] as const) {
      const random = createRandom(`longer ${cosine} ${longer.gain}`);
      const signal = noise(random, 1);
      const training = (ofSignal: number) => plus(signal, noise(random, Math.sqrt(1 / ofSignal - 1)));
      const honest = measured(Array.from({ length: 8 }, () => training(cosine)));
      const own = training(longer.signal).map((x) => longer.length * Math.sqrt(longer.signal / cosine) * x);
      const norm = longer.length / Math.sqrt(cosine);
      const partOf = (submitted: readonly Float32Array[]) =>
        lastOf(independenceOf([...honest, ...measured(submitted, 0.02 * longer.gain)], []), submitted.length);
      for (const count of [2, 4])
        for (const share of [0.5, 1]) {
          const copies = Array.from({ length: count }, () => plus(own, noise(random, share * norm)));
          const paid = partOf(copies) / partOf([own]);
          assert.ok(paid < 1.15, `${count} under noise of ${share}, ${cosine}, ${longer.gain}: ${paid}`);
        }
    }
  });

  it("gives nothing to copies under noise of a short training, be they more than the honest", () => {
    for (const cosine of [0.43, 0.92])
      for (const [others, count] of [
        [3, 6],
        [8, 12],
      ] as const) {
        const random = createRandom(`shorter ${cosine} ${others}`);
        const [own, ...honest] = trainings(random, others + 1, cosine);
        const short = own!.map((x) => x / 5);
        const copies = Array.from({ length: count }, () => plus(short, noise(random, 0.2 / Math.sqrt(cosine))));
        const gain = 0.36;
        const shares = independenceOf([...measured(honest), ...measured(copies, 0.02 * gain)], []);
        const paid = sum(shares.slice(others)) * gain ** 2.5;
        assert.ok(paid < 0.2, `${count} beside ${others} of cosine ${cosine}: ${paid} of an honest part`);
        for (const share of shares.slice(0, others)) assert.ok(share > 0.5, `${share} beside ${count}, ${cosine}`);
      }
  });

  it("divides a training evenly among its copies, in whatever order they come", () => {
    const [own, ...honest] = trainings(createRandom("order"), 4, 0.8);
    const all = measured([own!, ...honest, own!, own!]);
    const shares = independenceOf(all, []);
    assert.ok(Math.abs(shares[0]! - shares[4]!) < 1e-9 && Math.abs(shares[4]! - shares[5]!) < 1e-9);
    assert.ok(shares[1]! > 2.5 * shares[0]!);
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), (order) => {
        const shuffled = independenceOf(
          order.map((i) => all[i]!),
          [],
        );
        for (const [at, i] of order.entries()) assert.ok(Math.abs(shuffled[at]! - shares[i]!) < 1e-9);
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  it("does not change with the unit of length or of loss", () => {
    const all = measured(trainings(createRandom("scale"), 5, 0.7));
    const before = independenceOf(all, []);
    for (const factor of [1e-6, 10, 1e6]) {
      const other = all.map(({ sketch, gain }) => ({ sketch: sketch.map((x) => x * factor), gain: gain / factor }));
      for (const [i, share] of independenceOf(other, []).entries()) assert.ok(Math.abs(share - before[i]!) < 1e-3);
    }
  });

  it("gives nothing for what everybody knows, and less for mixing it in", () => {
    const random = createRandom("public");
    const known = noise(random, 1);
    const [own, ...honest] = trainings(random, 5, 0.7).map((one) => plus(one, known, 0.3));
    const shareOf = (last: Float32Array) =>
      independenceOf(measured([...honest, last]), [known, known.map(() => 0)]).at(-1)!;
    assert.equal(shareOf(known), 0);
    assert.ok(shareOf(plus(known, noise(random, 0.3))) < 0.2);
    assert.ok(shareOf(plus(own!, known, 3)) < 0.1 * shareOf(own!));
  });

  it("pays nobody for adding what everybody knows, however much it takes off the loss, and however many do", () => {
    for (const cosine of [0.3, 0.6, 0.9])
      for (const knownPart of [0.2, 0.5, 0.8]) {
        const random = createRandom(`ahead ${cosine} ${knownPart}`);
        const known = noise(random, Math.sqrt(1 / cosine));
        const own = trainings(random, 8, cosine);
        const part = Math.sqrt(knownPart / (1 - knownPart));
        /** Loss reduction of a training and `more` of what is known, where both take off as much for their squared lengths. */
        const gainOf = (more: number) => 0.02 * (1 - knownPart + knownPart * (1 + more / part));
        const update = (i: number, more: number): Measured => ({
          sketch: plus(own[i]!, known, part + more),
          gain: gainOf(more),
        });
        const payoff = (riders: number, more: number) => {
          const partOf = (added: number) => {
            const all = own.slice(0, 4 + riders).map((_, i) => update(i, i < 4 ? 0 : added));
            const paid = independenceOf(all, [known]).map((share, i) => share * all[i]!.gain ** 2.5);
            return sum(paid.slice(4)) / sum(paid);
          };
          return partOf(more) / partOf(0);
        };
        for (const riders of [1, 2, 4])
          for (const more of [0.3, 0.6, 1]) {
            const paid = payoff(riders, more);
            assert.ok(paid < 1, `${riders} add ${more} to ${knownPart}, cosine ${cosine}: ${paid}`);
          }
      }
  });

  it("leaves trainings of unequal length what they have, whatever of it everybody knows", () => {
    for (const cosine of [0.4, 0.7]) {
      const random = createRandom(`unequal ${cosine}`);
      const known = noise(random, 1);
      const lengths = [0.3, 1, 1, 1, 1, 1, 3];
      const own = trainings(random, lengths.length, cosine);
      const of = (part: number) =>
        independenceOf(
          lengths.map((length, i) => ({
            sketch: plus(own[i]!, known, part).map((x) => length * x),
            gain: 0.02 * length,
          })),
          [known],
        );
      const before = of(0);
      for (const [i, share] of of(0.8).entries())
        assert.ok(share > 0.8 * before[i]!, `${lengths[i]}: ${share}, ${before[i]}`);
    }
  });

  it("gives no more under noise or to copies under noise, whatever of an update everybody knows", () => {
    for (const cosine of [0.4, 0.7, 0.92])
      for (const part of [0.7, 1.2, 2]) {
        const random = createRandom(`hidden ${cosine} ${part}`);
        const norm = Math.sqrt(1 / cosine);
        const known = noise(random, part * norm);
        const all = trainings(random, 5, cosine).map((one) => plus(one, known));
        const partOf = (submitted: readonly Float32Array[]) =>
          lastOf(independenceOf(measured([...all.slice(1), ...submitted]), [known]), submitted.length);
        for (const length of [0.3, 1])
          for (const count of [1, 2, 4]) {
            const made = Array.from({ length: count }, () => plus(all[0]!, noise(random, length * norm)));
            assert.ok(partOf(made) < 1.15 * partOf([all[0]!]), `${count} under noise of ${length}, ${cosine}, ${part}`);
          }
      }
  });

  it("leaves honest work its part, whatever is submitted beside it without work, or with less", () => {
    /** Loss reduction of an update that goes so far along the signal: the first part of a way lowers the loss most. */
    const gain = (way: number) => 0.02 * (2 * way - way * way);
    for (const cosine of [0.3, 0.6, 0.9])
      for (const count of [3, 8]) {
        const random = createRandom(`beside ${cosine} ${count}`);
        const known = noise(random, 1);
        const own = trainings(random, count + 3, cosine);
        const scaled = (i: number, way: number): Measured => ({ sketch: own[i]!.map((x) => way * x), gain: gain(way) });
        const honest = Array.from({ length: count }, (_, i) => scaled(i, 0.8 + (0.2 * i) / count));
        const junk = (way: number): Measured => ({ sketch: plus(known, noise(random, 1e-4)), gain: gain(way) });
        /** Pay of the last `last`, relative to one honest training in their place. */
        const payoff = (beside: readonly Measured[], last = beside.length) => {
          const partOf = (submitted: readonly Measured[], counted: number) => {
            const all = [...honest, ...submitted];
            const paid = independenceOf(all, [known]).map((share, i) => share * all[i]!.gain ** 2.5);
            return sum(paid.slice(-counted)) / sum(paid);
          };
          return partOf(beside, last) / partOf([scaled(count, 0.9)], 1);
        };
        const beside = `beside ${count} of cosine ${cosine}`;
        for (const way of [0.05, 0.2]) {
          assert.ok(payoff([junk(way)]) < 0.01, `one along what is known, ${beside}`);
          assert.ok(payoff([junk(way), junk(way), junk(way)]) < 0.01, `three along what is known, ${beside}`);
          assert.ok(payoff([scaled(count, way)]) < 0.15, `one of length ${way}, ${beside}`);
          assert.ok(
            payoff([1, 2, 3].map((i) => scaled(count - 1 + i, way))) < 0.4,
            `three of length ${way}, ${beside}`,
          );
          assert.ok(payoff([junk(way), junk(way), scaled(count, 0.9)]) < 1.7, `a training and junk, ${beside}`);
        }
        for (const way of [0.3, 0.5, 0.7])
          assert.ok(payoff([scaled(count, way)]) < 1.7, `${way} of the way, ${beside}`);
        const shares = independenceOf(honest, [known]);
        const mean = sum(shares) / count;
        for (const share of shares) assert.ok(share > 0.4 * mean && share < 2 * mean, `${share}, ${beside}`);
      }
  });

  it("takes anything: nothing, junk, huge, tiny and equal updates and gains", () => {
    const values = fc.constantFrom(0, 1, -1, 1e-38, 1e38, -1e38, Number.NaN, Number.POSITIVE_INFINITY, 0.5);
    const update = fc.record({
      sketch: fc.array(values, { minLength: 6, maxLength: 6 }).map((list) => Float32Array.from(list)),
      gain: fc.oneof(values, fc.double()),
    });
    const few = (maxLength: number) => fc.array(update, { maxLength });
    fc.assert(
      fc.property(few(9), few(2), few(3), few(2), (updates, known, witnesses, late) => {
        const [directions, ...aside] = [known, witnesses, late].map((list) => list.map(({ sketch }) => sketch));
        const shares = independenceOf(updates, directions!, { witnesses: aside[0]!, unmeasured: aside[1]! });
        assert.equal(shares.length, updates.length);
        const total = sum(shares);
        for (const share of shares) assert.ok(share >= 0 && share <= updates.length + 1e-9, `${share}`);
        const counted = shares.filter((share) => share > 0).length;
        assert.ok(total === 0 ? counted === 0 : total <= updates.length + 1e-9);
      }),
      { seed: 2, numRuns: 500 },
    );
    assert.deepEqual(independenceOf([], []), []);
    assert.deepEqual(independenceOf(measured([new Float32Array(4)]), []), [0]);
    assert.deepEqual(independenceOf(measured([Float32Array.of(1, 0, 0, 0)]), []), [1]);
  });

  it("hears 256 updates of a group, most of them copies", () => {
    const random = createRandom("crowd");
    const honest = trainings(random, 56, 0.8);
    const crowd = Array.from({ length: 200 }, () => plus(honest[0]!, noise(random, 0.2)));
    const shares = independenceOf(measured([...honest, ...crowd]), []);
    const mean = sum(shares.slice(1, 56)) / 55;
    assert.ok((sum(shares.slice(56)) + shares[0]!) / mean < 1.5);
  });
});

const numbers = z.array(z.number());

describe("independence of the vectors", () => {
  const { seed, split, sketch, cases } = loadVectors(
    "independence",
    z.object({
      seed: z.string(),
      split: z.int(),
      sketch: z.string(),
      cases: z.array(
        z.object({
          name: z.string(),
          updates: z.array(z.object({ elements: numbers, gain: z.number() })),
          directions: z.array(numbers),
          unmeasured: z.array(numbers).default([]),
          witnesses: z.array(numbers).default([]),
          independence: numbers,
        }),
      ),
    }),
  );
  const sketcher = createSketcher(seed);
  const sketched = (elements: readonly number[]) =>
    sketcher([Float32Array.from(elements.slice(0, split)), Float32Array.from(elements.slice(split))]);

  it("has their sketch", () => {
    const { buffer } = sketched(cases[0]!.updates[0]!.elements);
    assert.equal(sha256(new Uint8Array(buffer)), sketch);
  });

  for (const { name, updates, directions, unmeasured, witnesses, independence } of cases)
    it(`is theirs: ${name}`, () => {
      const measuredOnes = updates.map(({ elements, gain }) => ({ sketch: sketched(elements), gain }));
      const shares = independenceOf(measuredOnes, directions.map(sketched), {
        unmeasured: unmeasured.map(sketched),
        witnesses: witnesses.map(sketched),
      });
      assert.deepEqual(shares, independence);
    });
});

describe("count sketch", () => {
  it("is linear, keeps dot products, and is another for another seed", () => {
    const random = createRandom("sketch");
    const [a, b] = [0, 1].map(() => Float32Array.from({ length: 50_000 }, () => normal(random)));
    const sketch = createSketcher("1".repeat(64));
    const parts = [a!.subarray(0, 100), a!.subarray(100)];
    assert.deepEqual(sketch(parts), sketch([a!]));
    assert.equal(sketch(parts).length, BUCKETS);
    const together = sketch([plus(a!, b!)]);
    const added = plus(sketch([a!]), sketch([b!]));
    for (const [i, value] of together.entries()) assert.ok(Math.abs(value - added[i]!) < 1e-4);
    const dot = (x: Float32Array, y: Float32Array) => x.reduce((total, value, i) => total + value * y[i]!, 0);
    assert.ok(Math.abs(dot(sketch([a!]), sketch([a!])) / dot(a!, a!) - 1) < 0.03);
    assert.ok(Math.abs(dot(sketch([a!]), sketch([b!])) / dot(a!, a!)) < 0.03);
    assert.notDeepEqual(createSketcher("2".repeat(64))([a!]), sketch([a!]));
  });
});

describe("weighted quantile", () => {
  it("is the least value with enough weight up to it", () => {
    const entries = [
      { value: 3, weight: 1 },
      { value: 1, weight: 1 },
      { value: 2, weight: 2 },
    ];
    assert.deepEqual(
      [0, 0.25, 0.3, 0.75, 0.8, 1].map((share) => weightedQuantile(entries, share)),
      [1, 1, 2, 2, 3, 3],
    );
    assert.ok(Number.isNaN(weightedQuantile([], 0.5)));
  });
});
