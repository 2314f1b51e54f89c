import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { holdersOf } from "#shared/protocol/voting/holders.js";
import { loadVectors } from "../vectors.js";

const numbers = z.array(z.int());
const { documents, cases } = loadVectors(
  "unheard",
  z.object({
    documents: z.int(),
    cases: z.array(
      z.object({
        about: z.string(),
        stakes: z.record(z.string(), z.string()),
        held: z.record(z.string(), numbers),
        counts: numbers,
        unheard: numbers,
      }),
    ),
  }),
);

test("vectors: which documents count, and which are unheard", () => {
  for (const { about, held, counts, unheard, ...one } of cases) {
    const stakes = new Map(Object.entries(one.stakes).map(([hotkey, stake]) => [hotkey, BigInt(stake)]));
    const holders = holdersOf(Object.entries(held), stakes);
    const all = Array.from({ length: documents }, (_, number) => number);
    assert.deepEqual(
      {
        counts: all.filter((number) => holders(number).counts),
        unheard: all.filter((number) => holders(number).isUnheard),
      },
      { counts, unheard },
      about,
    );
  }
});
