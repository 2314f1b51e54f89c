import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { MAX_STEPS } from "#shared/protocol/network-file/outer.js";
import { chosenStep, isUndecided, type SignedVote } from "#shared/protocol/voting/chosen-step.js";
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
      undecided: z.boolean(),
    }),
  ),
);

const stakesOf = (stakes: Readonly<Record<string, number>>) =>
  new Map(Object.entries(stakes).map(([hotkey, stake]) => [hotkey, BigInt(stake)]));

describe("the step that a group takes", () => {
  for (const { note, steps, stakes, votes, chosen, undecided } of vectors)
    it(note, () => {
      assert.equal(chosenStep(votes, stakesOf(stakes), steps), chosen);
      assert.equal(isUndecided(votes, stakesOf(stakes), steps), undecided);
    });

  const subset = fc.uniqueArray(fc.integer({ min: 1, max: MAX_STEPS })).map((all) => all.sort((a, b) => a - b));
  const vote = subset.chain((better) =>
    fc.constantFrom(...(better.length === 0 ? [0] : better)).map((best) => ({ better, best })),
  );

  it("is one that an honest majority approves, whatever 49 % of the stake say", () => {
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

  it("is left undecided by those who are missing alone, whatever a liar with less stake than the honest who vote says", () => {
    const amount = fc.integer({ min: 1, max: 1000 });
    const cases = fc.record({
      honest: vote,
      lie: fc.option(vote, { nil: null }),
      h: amount,
      l: amount,
      failed: amount,
    });
    fc.assert(
      fc.property(cases, ({ honest, lie, h, l, failed }) => {
        fc.pre(l < h);
        const votes: SignedVote[] = [
          { hotkey: "vera", vote: honest },
          { hotkey: "mallory", vote: lie },
          { hotkey: "vito", vote: null },
        ];
        const stakes = stakesOf({ vera: h, mallory: l, vito: failed });
        const chosen = chosenStep(votes, stakes, MAX_STEPS);
        // Who found something better has taken nothing from the miners, who found nothing gives them nothing.
        if (honest.best > 0) assert.ok(chosen > 0 || isUndecided(votes, stakes, MAX_STEPS));
        else assert.ok(chosen === 0 && !isUndecided(votes, stakes, MAX_STEPS));
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});
