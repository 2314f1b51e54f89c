import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
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

test("and where one pass measures all of a group, all of every group are scored", async (t) => {
  const seeds = [seed, other];
  const { clock, book, races, time } = restarted(t, seeds);
  const together = races.map((race, i) =>
    remembering(
      {
        ...race,
        ahead: async (those: readonly unknown[], from: number, to: number) => {
          clock.now += (those.length + 1) * (to - from);
        },
      },
      book,
      seeds[i]!,
    ),
  );
  const outcomes = await runRaces(together, time(40));
  for (const { results } of outcomes)
    for (const { verdict, batches } of results.values()) assert.deepEqual([verdict, batches], ["scored", 6]);
  assert.ok(clock.now <= 40);
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
