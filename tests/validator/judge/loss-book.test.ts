import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runRace } from "#shared/scoring/racing/run-races.js";
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
