import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { MAX_STEPS } from "#shared/protocol/network-file/outer.js";
import { chosenStep, type SignedVote } from "#shared/protocol/voting/chosen-step.js";
import { loadVectors } from "../vectors.js";

const vectors = loadVectors(
  "chosen-step",
  z.array(
    z.object({
      note: z.string(),
      steps: z.number(),
      stakes: z.record(z.string(), z.number()),
      votes: z.array(
        z.object({
          hotkey: z.string(),
          vote: z.object({ better: z.array(z.number()), best: z.number() }).nullable(),
        }),
      ),
      chosen: z.number(),
    }),
  ),
);

const stakesOf = (stakes: Readonly<Record<string, number>>) =>
  new Map(Object.entries(stakes).map(([hotkey, stake]) => [hotkey, BigInt(stake)]));

describe("the step that a group takes", () => {
  for (const { note, steps, stakes, votes, chosen } of vectors)
    it(note, () => assert.equal(chosenStep(votes, stakesOf(stakes), steps), chosen));

  it("is one that an honest majority approves, whatever 49 % of the stake say", () => {
    const subset = fc.uniqueArray(fc.integer({ min: 1, max: MAX_STEPS })).map((all) => all.sort((a, b) => a - b));
    const vote = subset.chain((better) =>
      fc.constantFrom(...(better.length === 0 ? [0] : better)).map((best) => ({ better, best })),
    );
    fc.assert(
      fc.property(vote, fc.option(vote, { nil: null }), (honest, lie) => {
        const votes: SignedVote[] = [
          { hotkey: "vera", vote: honest },
          { hotkey: "mallory", vote: lie },
        ];
        const stakes = stakesOf({ vera: 51, mallory: 49 });
        assert.equal(chosenStep(votes, stakes, MAX_STEPS), honest.best);
      }),
      { seed: 3 },
    );
  });
});
