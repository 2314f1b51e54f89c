import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { networkSchema } from "#shared/protocol/network.js";
import { cycleWeights } from "#shared/rewards/cycle-weights.js";
import { scoreUnder } from "#shared/scoring/score-under.js";
import { template } from "../../support/micro-network.js";
import { loadVectors } from "../protocol/vectors.js";

const rowSchema = z
  .tuple([
    z.int(),
    z.int(),
    z.int(),
    z.string().nullable(),
    z.enum(["scored", "rejected", "abstained"]),
    z.number(),
    z.number().nullable(),
  ])
  .transform(([cycle, uid, holder, group, verdict, score, independence]) => ({
    ...{ cycle, uid, holder, group },
    ...{ verdict, score, independence },
  }));

const { hotkeys, cases } = loadVectors(
  "pay",
  z.object({
    hotkeys: z.array(z.string()),
    cases: z.array(
      z.object({
        rewards: z.record(z.string(), z.unknown()),
        window: z.int(),
        burn: z.number(),
        cycle: z.int(),
        steps: z.array(z.tuple([z.int(), z.array(z.string()), z.boolean().nullable()])),
        exponent: z.number().default(1),
        exponents: z.record(z.string(), z.number()).default({}),
        history: z.array(rowSchema),
        weights: z.array(z.tuple([z.int(), z.int()])),
      }),
    ),
  }),
);

test("vectors: whole windows of pay, by every curve", () => {
  const holders = { ownerHotkey: hotkeys.at(-1)!, neurons: hotkeys.map((hotkey, uid) => ({ uid, hotkey })) };
  for (const { rewards, window, burn, cycle, exponent, exponents, steps, history, weights } of cases) {
    const scoring = { ...template.scoring, rewards, window, burn, exponent };
    const network = networkSchema.parse({ ...template, scoring, genesis: "0".repeat(64) });
    const agreed = history.map(({ holder, ...outcome }) => ({
      ...outcome,
      hotkey: hotkeys[holder]!,
      score: scoreUnder(outcome.score, { from: exponents[outcome.cycle] ?? exponent, to: exponent }),
    }));
    const progress = steps.map(([of, improved, isAgreed]) => ({ cycle: of, improved, undecided: [], isAgreed }));
    assert.deepEqual(
      cycleWeights(network, holders, { history: agreed, progress }, cycle, { self: undefined }),
      weights,
      JSON.stringify(rewards),
    );
  }
});
