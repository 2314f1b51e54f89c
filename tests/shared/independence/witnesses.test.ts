import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { normal } from "#shared/data/normal.js";
import { createRandom, type Random } from "#shared/data/random.js";
import { independenceOf } from "#shared/independence/independence.js";
import { LENGTH, lastOf, measured, noise, plus, sum, trainings } from "./model.js";

/**
 * What the mean of several trainings gets under many hotkeys, relative to these apart, by cosine. Where trainings are very alike, chance hides what
 * hotkeys have in common.
 */
const MOST: Readonly<Record<number, number>> = { 0.43: 1.2, 0.8: 1.5, 0.92: 2 };

describe("independence with witnesses", () => {
  const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  /** What is made of one training for so many hotkeys. */
  const disguisesOf = (random: Random, own: Float32Array, length: number, count: number) => {
    const noises = (share: number) => times(count, () => noise(random, share * length));
    const toNothing = (share: number) => {
      const drawn = noises(share);
      const middle = own.map((_, i) => sum(drawn.map((one) => one[i]!)) / count);
      return drawn.map((one) => plus(own, plus(one, middle, -1), Math.sqrt(count / (count - 1))));
    };
    return {
      copies: times(count, () => own),
      "noise of 0.3": noises(0.3).map((one) => plus(own, one)),
      "noise of 1": noises(1).map((one) => plus(own, one)),
      "the original, and noise of 0.3": [own, ...noises(0.3).map((one) => plus(own, one))].slice(0, count),
      "the original, and noise of 1": [own, ...noises(1).map((one) => plus(own, one))].slice(0, count),
      "noises of 0.3 that sum to nothing": toNothing(0.3),
      "noises of 0.6 that sum to nothing": toNothing(0.6),
      "noises of 1 that sum to nothing": toNothing(1),
      "parts by element": times(count, (part) => own.map((x, i) => (i % count === part ? count * x : 0))),
    };
  };
  const draw = (seed: string, cosine: number) => {
    const random = createRandom(seed);
    const [own, one, other, ...honest] = trainings(random, 10, cosine);
    return { random, own: own!, witnesses: [one!, other!], honest, length: Math.sqrt(1 / cosine) };
  };

  it("gives one training no more under many hotkeys, be they eight ninths of the group", () => {
    for (const cosine of [0.43, 0.92]) {
      const { random, own, witnesses, honest, length } = draw(`majority ${cosine}`, cosine);
      for (const count of [2, 4, 8, 16])
        for (const [name, submitted] of Object.entries(disguisesOf(random, own, length, count)))
          for (const others of [1, 2, 4, 7].filter((number) => count <= 8 * number)) {
            const partOf = (last: readonly Float32Array[]) => {
              const all = measured([...honest.slice(0, others), ...last]);
              return lastOf(independenceOf(all, [], { witnesses }), last.length);
            };
            const gain = partOf(submitted) / partOf([own]);
            // Noise of this length hides best: what is left of kinship counts as chance.
            const most = name === "noises of 0.6 that sum to nothing" && cosine === 0.92 && count === 16 ? 1.4 : 1.25;
            assert.ok(gain < most, `${count} by ${name} beside ${others} of cosine ${cosine}: ${gain}`);
          }
    }
  });

  it("pays the mean of several trainings no more than these apart", () => {
    for (const cosine of [0.2, 0.43, 0.8, 0.92])
      for (const machines of [2, 3, 5])
        for (const others of [4, 7]) {
          const random = createRandom(`means ${cosine} ${machines} ${others}`);
          const [one, other, ...rest] = trainings(random, 2 + others + machines, cosine);
          const [honest, own] = [rest.slice(0, others), rest.slice(others)];
          const shareOf = (last: readonly Float32Array[]) => {
            const shares = independenceOf(measured([...honest, ...last]), [], { witnesses: [one!, other!] });
            return sum(shares.slice(others)) / sum(shares);
          };
          const mean = own.reduce((total, update) => plus(total, update)).map((x) => x / machines);
          const gain = shareOf([mean]) / shareOf(own);
          assert.ok(gain < 1.15, `${machines} machines beside ${others} of cosine ${cosine}: ${gain}`);
        }
  });

  it("pays the mean of several trainings under many hotkeys hardly more than these apart", () => {
    for (const cosine of [0.43, 0.8, 0.92])
      for (const machines of [2, 3, 5])
        for (const others of [4, 7]) {
          const random = createRandom(`means under noise ${cosine} ${machines} ${others}`);
          const [one, other, ...rest] = trainings(random, 2 + others + machines, cosine);
          const [honest, own] = [rest.slice(0, others), rest.slice(others)];
          const shareOf = (last: readonly Float32Array[]) => {
            const shares = independenceOf(measured([...honest, ...last]), [], { witnesses: [one!, other!] });
            return sum(shares.slice(others)) / sum(shares);
          };
          const apart = shareOf(own);
          const mean = own.reduce((total, update) => plus(total, update)).map((x) => x / machines);
          const length = Math.sqrt(1 + (1 / cosine - 1) / machines);
          for (const count of [8, 32])
            for (const share of [0.3, 0.5]) {
              const gain = shareOf(times(count, () => plus(mean, noise(random, share * length)))) / apart;
              assert.ok(
                gain < MOST[cosine]!,
                `${machines} under ${count} by ${share} beside ${others}, ${cosine}: ${gain}`,
              );
            }
        }
  });

  it("is not turned by what has nothing in common with anybody, however much of that there is", () => {
    for (const cosine of [0.43, 0.92])
      for (const others of [2, 7]) {
        const { random, own, witnesses, honest, length } = draw(`junk ${cosine} ${others}`, cosine);
        const junk = times(16, () => noise(random, length));
        const same = noise(random, length);
        for (const beside of [junk, junk.slice(0, 3), times(4, () => same), times(4, () => own.map((x) => -x))]) {
          const partOf = (last: readonly Float32Array[], more: readonly Float32Array[]) => {
            const shares = independenceOf(measured([...honest.slice(0, others), ...last, ...more]), [], {
              witnesses,
            });
            return sum(shares.slice(others)) / sum(shares);
          };
          for (const [name, submitted] of Object.entries(disguisesOf(random, own, length, 8))) {
            const gain = partOf(submitted, beside) / partOf([own], []);
            const most = name === "noises of 0.6 that sum to nothing" ? 1.3 : 1.2;
            assert.ok(gain < most, `${name}, ${beside.length} beside, ${others} of cosine ${cosine}: ${gain}`);
          }
        }
      }
  });

  it("is about 1 for trainings of their own, whoever the witnesses are, and in whatever order all come", () => {
    for (const cosine of [0.2, 0.43, 0.7, 0.92])
      for (const count of [2, 3, 8, 24]) {
        const [a, b, c, d, ...own] = trainings(createRandom(`own ${cosine} ${count}`), count + 4, cosine);
        const shares = independenceOf(measured(own), [], { witnesses: [a!, b!] });
        for (const share of shares) assert.ok(share > 0.55 && share < 1.6, `${cosine} ${count}: ${share}`);
        const byOthers = independenceOf(measured(own), [], { witnesses: [c!, d!] });
        const backwards = independenceOf(measured(own.toReversed()), [], { witnesses: [b!, a!] }).toReversed();
        for (const [i, share] of shares.entries()) {
          // Where a cosine is small, chance is a large part of it.
          assert.ok(
            Math.abs(share / byOthers[i]! - 1) < (cosine < 0.4 ? 0.8 : 0.4),
            `${cosine} ${count}: ${share}, ${byOthers[i]}`,
          );
          assert.ok(Math.abs(share - backwards[i]!) < 1e-9);
        }
      }
  });

  it("is alike for validators with other witnesses where what trainings have in common by chance is much", () => {
    // As of a small model: noise has few directions, so that two of them have a cosine of 0.15 by chance.
    const DIRECTIONS = 45;
    let apart = 0;
    let all = 0;
    for (const cosine of [0.7, 0.9])
      for (let draw = 0; draw < 20; draw++) {
        const random = createRandom(`few directions ${cosine} ${draw}`);
        const directions = times(DIRECTIONS, () => noise(random, 1));
        const signal = noise(random, 1);
        const length = Math.sqrt((1 / cosine - 1) / DIRECTIONS);
        const [a, b, c, d, ...own] = times(8, () =>
          directions.reduce((update, direction) => plus(update, direction, length * normal(random)), signal),
        );
        const of = (witnesses: readonly Float32Array[]) => independenceOf(measured(own), [], { witnesses });
        const [one, other] = [of([a!, b!]), of([c!, d!])];
        all += own.length;
        apart += own.filter((_, i) => Math.abs(Math.log(one[i]! / other[i]!)) > Math.log(4 / 3)).length;
      }
    assert.ok(apart < 0.25 * all, `${apart} of ${all} are more than a quarter apart`);
  });

  it("does not change with the length of witnesses, or by what everybody knows of them", () => {
    const { random, own, witnesses, honest } = draw("length", 0.7);
    const known = noise(random, 1);
    const all = measured([...honest, own]);
    const shares = independenceOf(all, [known], { witnesses });
    const scaled = witnesses.map((one, i) => plus(one, known, 0.5).map((x) => (i + 2) * x));
    for (const [i, share] of independenceOf(all, [known], { witnesses: scaled }).entries())
      assert.ok(Math.abs(share - shares[i]!) < 1e-4);
  });

  it("is what it is without them where there are fewer than two, or two that have nothing in common", () => {
    const { random, own, witnesses, honest } = draw("none", 0.7);
    const all = measured([...honest.slice(0, 2), own, own, own]);
    const without = independenceOf(all, []);
    const [one, other] = [witnesses[0]!, witnesses[1]!];
    const nothing = new Float32Array(LENGTH);
    const notFinite = other.map((x, i) => (i === 7 ? Number.NaN : x));
    for (const few of [[], [one], [one, nothing], [one, notFinite], [one, one.map((x) => -x)], [one, noise(random, 1)]])
      assert.deepEqual(independenceOf(all, [], { witnesses: few }), without);
    const shares = independenceOf(all, [], { witnesses });
    assert.notDeepEqual(shares, without);
    assert.deepEqual(independenceOf(all, [], { witnesses: [one, nothing, other] }), shares);
  });

  it("is shared with a copy that was not measured", () => {
    const { own, witnesses, honest } = draw("late", 0.7);
    const all = measured([...honest, own]);
    const [alone, shared] = [[], [own]].map((unmeasured) =>
      lastOf(independenceOf(all, [], { unmeasured, witnesses }), 1),
    );
    assert.ok(shared! < 0.6 * alone!, `${shared} of ${alone}`);
  });
});
