import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Batch } from "#shared/data/loader.js";
import { updateRace } from "#shared/evaluation/score-updates.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { runRace, runRaces } from "#shared/scoring/racing/run-races.js";
import { openLossBook, remembering } from "#validator/judge/loss-book.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";

const [base, seed, other, ann, bob] = [..."abcde"].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
  string,
  string,
];
const rules = { batches: 16, confidence: 0.995, exponent: 1, topN: 2, rounds: 3, tolerance: 0 };

/** A race that counts what it measures, and is killed before the measurement `dies`. */
const counting = (dies = Number.POSITIVE_INFINITY) => {
  const measured: string[] = [];
  const measure = (who: string, loss: number) => async (from: number, to: number) => {
    if (measured.length === dies) throw new Error("killed");
    measured.push(`${who} ${from} ${to}`);
    return Array.from({ length: to - from }, (_, i) => loss + 0.1 * Math.sin((loss + 3) * (from + i)));
  };
  const race = {
    contenders: [{ artifact: ann }, { artifact: bob }],
    rules,
    before: measure("base", 3),
    after: ({ artifact }: { artifact: string }, from: number, to: number) =>
      measure(artifact === ann ? "ann" : "bob", artifact === ann ? 2.9 : 2.91)(from, to),
  };
  return { race, measured };
};

test("a validator that is killed while it measures goes on where it was, with the same result", async (t) => {
  const whole = counting();
  const expected = await runRace(whole.race);
  for (let dies = 0; dies <= whole.measured.length; dies++) {
    const folder = temporaryFolder(t);
    const first = counting(dies);
    await runRace(remembering(first.race, openLossBook(folder, base, [seed]), seed)).catch(() => {});
    // The kill tore the line that was being written.
    appendFileSync(join(folder, "losses.jsonl"), '{"base":"aaa');
    const second = counting();
    const outcome = await runRace(remembering(second.race, openLossBook(folder, base, [seed]), seed));
    assert.deepEqual([...outcome.results.values()], [...expected.results.values()]);
    assert.deepEqual([...first.measured, ...second.measured], whole.measured);
  }
});

/** A race of one group whose measurements take a millisecond a batch, and a book that has the model's own first 8 losses. */
const restarted = (t: TestContext, seeds: readonly string[]) => {
  const clock = { now: 0 };
  const book = openLossBook(temporaryFolder(t), base, seeds);
  const once = { ...rules, rounds: 1 };
  const races = seeds.map((seed) => {
    const { race } = counting();
    book.add(
      seed,
      null,
      Array.from({ length: 8 }, () => 3),
    );
    return { ...race, rules: once };
  });
  const time = (milliseconds: number) => ({ now: () => clock.now, left: () => Math.max(0, milliseconds - clock.now) });
  return { clock, book, races, time };
};

test("a validator that restarts while it measures takes no loss of before for one that took no time: all are scored", async (t) => {
  const { clock, book, races, time } = restarted(t, [seed]);
  const [race] = races;
  const slow = remembering(
    {
      ...race!,
      before: (from, to) => {
        clock.now += to - from;
        return race!.before(from, to);
      },
      after: (contender, from, to) => {
        clock.now += to - from;
        return race!.after(contender, from, to);
      },
    },
    book,
    seed,
  );
  const { results } = await runRace(slow, time(20));
  assert.deepEqual(
    [...results.values()].map(({ verdict, batches }) => [verdict, batches]),
    [
      ["scored", 8],
      ["scored", 8],
    ],
  );
  assert.ok(clock.now <= 20);
});

/**
 * A race of one group as a validator opens it whose meter measures all at once, and what each pass measures: how many, from which batch on, of how
 * many batches.
 */
const measuredAtOnce = async (onBatches: (count: number) => void = () => {}) => {
  const passes: (readonly [those: number, from: number, batches: number])[] = [];
  const meter = {
    ofGroup: async () => ({
      losses: () => assert.fail("all are measured at once"),
      lossesTogether: async (changes: readonly unknown[], batches: readonly Batch[]) => {
        const numbers = batches as unknown as readonly number[];
        onBatches(changes.length * batches.length);
        passes.push([changes.length, numbers[0]!, batches.length]);
        return changes.map((change, i) => numbers.map((batch) => (change ? 2.9 : 3) + 0.1 * Math.sin(batch * (i + 2))));
      },
    }),
  };
  const race = await updateRace(meter as unknown as Parameters<typeof updateRace>[0], {
    model: {} as ModelTensors,
    group: { experts: {}, data: [] },
    updates: [ann, bob].map((artifact) => ({ artifact, load: async () => new Map() })),
    batches: Array.from({ length: rules.batches }, (_, batch) => batch) as unknown as readonly Batch[],
    rules: { ...rules, rounds: 1 },
  });
  return { race, passes };
};

test("and where one pass measures all of a group, all of every group are scored, and the model itself is not measured again", async (t) => {
  const seeds = [seed, other];
  const { clock, book, time } = restarted(t, seeds);
  const count = (batches: number) => {
    clock.now += batches;
  };
  const together = seeds.map(async (one) => remembering((await measuredAtOnce(count)).race, book, one));
  const outcomes = await runRaces(await Promise.all(together), time(40));
  for (const { results } of outcomes)
    for (const { verdict, batches } of results.values()) assert.deepEqual([verdict, batches], ["scored", 8]);
  assert.equal(clock.now, 32);
});

test("one pass begins with the first batch that the book lacks of somebody", async (t) => {
  const book = openLossBook(temporaryFolder(t), base, [seed]);
  const add = (artifact: string | null, count: number) =>
    book.add(
      seed,
      artifact,
      Array.from({ length: count }, () => 3),
    );
  for (const artifact of [ann, bob]) add(artifact, 6);
  add(null, 8);
  const { race, passes } = await measuredAtOnce();
  const outcome = await runRace(remembering(race, book, seed));
  assert.deepEqual(passes, [[3, 6, 10]]);
  assert.equal(outcome.results.size, 2);
});

test("losses of another model or seed are forgotten, and what is not finite stays so", (t) => {
  const folder = temporaryFolder(t);
  const book = openLossBook(folder, base, [seed, other]);
  book.add(seed, ann, [1, Number.NaN]);
  book.add(seed, ann, [3]);
  book.add(other, null, [4]);
  const again = openLossBook(folder, base, [seed]);
  assert.deepEqual(again.losses(seed, ann), [1, Number.NaN, 3]);
  assert.deepEqual(again.losses(seed, null), []);
  assert.deepEqual(openLossBook(folder, base, [other]).losses(other, null), []);
  openLossBook(folder, other, [seed]);
  assert.equal(readFileSync(join(folder, "losses.jsonl"), "utf8"), "");
});

test("a disk that takes nothing costs what a restart would have kept, and no more", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "losses.jsonl");
  appendFileSync(path, '{"base":"aaa');
  mkdirSync(`${path}.tmp`);
  const book = openLossBook(folder, base, [seed]);
  book.add(seed, ann, [1]);
  book.add(seed, ann, [2]);
  assert.deepEqual(book.losses(seed, ann), [1, 2]);
  assert.deepEqual(openLossBook(folder, base, [seed]).losses(seed, ann), [1, 2], "after the torn line");
});
