import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { holdersOf, isReportUnheard } from "#shared/protocol/voting/holders.js";
import { loadVectors } from "../vectors.js";

const numbers = z.array(z.int());
const { authors, cases } = loadVectors(
  "unheard",
  z.object({
    authors: z.array(z.string()),
    cases: z.array(
      z.object({
        about: z.string(),
        stakes: z.record(z.string(), z.string()),
        held: z.record(z.string(), numbers),
        counts: numbers,
        unheard: numbers,
        unheardReports: numbers,
      }),
    ),
  }),
);

test("vectors: which documents count, and which are unheard", () => {
  for (const { about, held, counts, unheard, unheardReports, ...one } of cases) {
    const stakes = new Map(Object.entries(one.stakes).map(([hotkey, stake]) => [hotkey, BigInt(stake)]));
    const holders = holdersOf(Object.entries(held), stakes);
    const all = authors.map((_, number) => number);
    assert.deepEqual(
      {
        counts: all.filter((number) => holders(number).counts),
        unheard: all.filter((number) => holders(number).isUnheard),
        unheardReports: all.filter((number) => isReportUnheard(holders(number), authors[number]!)),
      },
      { counts, unheard, unheardReports },
      about,
    );
  }
});
