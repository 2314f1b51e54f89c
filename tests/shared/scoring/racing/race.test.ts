import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { type DrawField, type Field, recordedField, simulatedField } from "#bench/validation/fields.js";
import { recordingSchema } from "#bench/validation/recording.js";
import { compare, raceOf } from "#bench/validation/trial.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";
import { proofOfLoss } from "#shared/scoring/proof-of-loss.js";
import type { RaceResult } from "#shared/scoring/racing/race.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { runRace, runRaces } from "#shared/scoring/racing/run-races.js";
import { loadVectors } from "../../protocol/vectors.js";

const recording = recordingSchema.parse(
  JSON.parse(
    readFileSync(new URL("../../../../../tests/shared/scoring/racing/recording.json", import.meta.url), "utf8"),
  ),
);
const localnet = raceRules(loadNetworkTemplate("configs/localnet/network.yaml").scoring);
const full = { batches: 51, confidence: 0.995, exponent: 1, topN: 4, rounds: 4, tolerance: 0.1 };

const scoreOf = (result: Awaited<ReturnType<typeof raceOf>>[number]): number =>
  result.verdict === "scored" ? result.score : 0;

/** Share of drawn miners that earn. */
const earning = async (fields: Iterable<Field>, rules: typeof full): Promise<number> => {
  let earned = 0;
  let miners = 0;
  for (const field of fields) {
    const results = await raceOf(field, rules);
    earned += results.filter((result) => scoreOf(result) > 0).length;
    miners += results.length;
  }
  return earned / miners;
};

/** Races of one miner, of any of these differences, on batches drawn with replacement. */
function* alone(updates: readonly (readonly number[])[], batches: number, trials: number): Generator<Field> {
  const random = createRandom("alone");
  for (let trial = 0; trial < trials; trial++) {
    const update = updates[random.below(updates.length)]!;
    yield [Array.from({ length: batches }, () => update[random.below(update.length)]!)];
  }
}

const recorded = (kind: string) =>
  recording.groups.flatMap(({ updates }) => updates.filter((update) => update.kind === kind));

test("noise earns in at most one cycle of a hundred, though it is looked at several times", async () => {
  const trials = 2000;
  const random = createRandom("noise");
  for (const rules of [full, localnet]) {
    const noise = Array.from({ length: trials }, () => [Array.from({ length: rules.batches }, () => normal(random))]);
    const share = await earning(noise, rules);
    assert.ok(share <= 0.01, `${share} of normal noise at ${rules.batches} batches`);
  }
});

test("so does real noise, whose differences are not normal, once what it chanced to gain is taken away", async () => {
  const centred = recorded("noise").map(({ differences }) => {
    const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
    return differences.map((difference) => difference - mean);
  });
  assert.ok(centred.length >= 8);
  for (const rules of [full, localnet]) {
    const share = await earning(alone(centred, rules.batches, 2000), rules);
    assert.ok(share <= 0.01, `${share} at ${rules.batches} batches`);
  }
});

test("a flipped sign never earns", async () => {
  const updates = recorded("flipped").map(({ differences }) => differences);
  assert.equal(await earning(alone(updates, localnet.batches, 500), localnet), 0);
});

test("an honest improvement of the localnet's size is recognised", async () => {
  for (const { group, pretraining, updates } of recording.groups) {
    const honest = updates.filter(({ kind, steps }) => kind === "honest" && steps === 100);
    assert.ok(honest.length >= 6);
    const share = await earning(
      alone(
        honest.map(({ differences }) => differences),
        localnet.batches,
        500,
      ),
      localnet,
    );
    assert.ok(share >= 0.95, `${share} of ${group} after ${pretraining} steps`);
  }
});

test("the first places are those of a full evaluation, at a third of the batches", async () => {
  const casts: readonly DrawField[] = [
    ...recording.groups.map((group) => recordedField(group, group.updates.length)),
    simulatedField({ miners: 24, noise: 0.25, skills: 4 }),
  ];
  let batches = 0;
  let agreement = 0;
  for (const draw of casts) {
    const comparison = await compare({ draw, rules: full, trials: 60, random: createRandom("places") });
    batches += comparison.batches / casts.length;
    agreement += comparison.agreement / casts.length;
  }
  assert.ok(batches < 0.35, `${batches} of the batches`);
  assert.ok(agreement > 0.98, `${agreement} of the places`);
});

test("with one round it is Proof-of-Loss on all batches", async () => {
  const losses = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(losses, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(0.5, 1, 2),
      async (field, exponent) => {
        const rules = { ...full, batches: 8, rounds: 1, exponent };
        const results = await raceOf(field, rules);
        for (const [miner, differences] of field.entries()) {
          const alone = proofOfLoss(
            differences.map(() => 0),
            differences.map((difference) => -difference),
            rules,
          );
          assert.ok(alone.verdict === "scored");
          const { lossReduction, standardError, score } = alone;
          assert.deepEqual(results[miner], {
            verdict: "scored",
            lossReduction,
            standardError,
            growth: 1,
            score,
            batches: 8,
          });
        }
      },
    ),
    { seed: 3, numRuns: 50 },
  );
});

test("the order in which miners are listed decides nothing, and no score is above what a full evaluation could give", async () => {
  const draw = simulatedField({ miners: 8, noise: 0.25, skills: 3 });
  const random = createRandom("order");
  for (let trial = 0; trial < 50; trial++) {
    const field = draw(random, full.batches);
    const results = await raceOf(field, full);
    const reversed = await raceOf([...field].reverse(), full);
    for (const [miner, result] of results.entries()) {
      const other = reversed[field.length - 1 - miner]!;
      assert.equal(result.batches, other.batches);
      assert.ok(Math.abs(scoreOf(result) - scoreOf(other)) < 1e-12);
      assert.ok(scoreOf(result) >= 0 && [7, 13, 26, 51].includes(result.batches));
    }
  }
});

test("whoever leaves early keeps its proportion to those who go on, however easy the first batches were", async () => {
  // Two rivals of one strength and one of half of it; the first seven batches reduce everybody's loss twice as much.
  const random = createRandom("easy");
  const field = [1, 1, 0.5].map((strength) =>
    Array.from({ length: 51 }, (_, batch) => strength * (batch < 7 ? 2 : 1) * (1 + 0.1 * normal(random))),
  );
  const [first, second, half] = await raceOf(field, { ...full, topN: 2, tolerance: 0.02 });
  assert.ok(first!.batches > 7 && first!.batches === second!.batches && half!.batches === 7);
  const ratio = scoreOf(half!) / scoreOf(first!);
  assert.ok(ratio > 0.4 && ratio < 0.6, `${ratio}`);
});

test("each batch is measured once, by those who are still in the race only", async () => {
  const field = simulatedField({ miners: 12, noise: 0.5, skills: 4 })(createRandom("once"), 51);
  const asked = new Map<number | null, number>();
  const note = (who: number | null, from: number, to: number) => {
    assert.equal(asked.get(who) ?? 0, from, "from where the last one ended");
    asked.set(who, to);
  };
  const { results, before } = await runRace({
    contenders: field.map((_, miner) => miner),
    rules: full,
    before: async (from, to) => {
      note(null, from, to);
      return Array.from({ length: to - from }, () => 0);
    },
    after: async (miner, from, to) => {
      note(miner, from, to);
      return field[miner]!.slice(from, to).map((difference) => -difference);
    },
  });
  for (const [miner, { batches }] of results) assert.equal(asked.get(miner), batches);
  assert.equal(before.length, Math.max(...[...results.values()].map(({ batches }) => batches)));
});

test("a race whose contenders are measured at once has the outcome of one after the other", async () => {
  const field = simulatedField({ miners: 12, noise: 0.5, skills: 4 })(createRandom("once"), 51);
  const apart = {
    contenders: field.map((_, miner) => miner),
    rules: full,
    before: async (from: number, to: number) => Array.from({ length: to - from }, () => 0),
    after: async (miner: number, from: number, to: number) =>
      field[miner]!.slice(from, to).map((difference) => -difference),
  };
  const passes: (readonly [miners: number, from: number, to: number])[] = [];
  const together = {
    ...apart,
    ahead: async (those: readonly (number | null)[], from: number, to: number) =>
      void passes.push([those.filter((one) => one !== null).length, from, to]),
  };
  assert.deepEqual(await runRace(together), await runRace(apart));
  assert.ok(passes.length <= full.rounds, `${passes.length} passes`);
  assert.deepEqual(passes[0]!.slice(0, 2), [12, 0]);
  assert.ok(
    passes.every(([miners], i) => i === 0 || miners <= passes[i - 1]![0]),
    "fewer and fewer",
  );
});

test("groups that are measured at once take a pass each, and one in all that shows how long it takes", async () => {
  const rules = { ...full, rounds: 1 };
  const races = (isTogether: boolean) => {
    let passes = 0;
    const raceAlone = () => {
      let known = 0;
      const pass = (to: number) => {
        if (to <= known) return;
        passes++;
        known = to;
      };
      return {
        contenders: [0, 1, 2],
        rules,
        before: async (from: number, to: number) => {
          pass(to);
          return steady(3)(from, to);
        },
        after: (_: number, from: number, to: number) => steady(2)(from, to),
        ...(isTogether && { ahead: async (_: readonly (number | null)[], __: number, to: number) => pass(to) }),
      };
    };
    return { races: [raceAlone(), raceAlone(), raceAlone(), raceAlone()], passes: () => passes };
  };
  const together = races(true);
  const apart = races(false);
  assert.deepEqual(await runRaces(together.races), await runRaces(apart.races));
  assert.equal(together.passes(), 4 + 1);
});

const steady = (loss: number) => async (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => loss + 0.001 * ((from + i) % 3));

test("a loss that is not finite ends its own race only", async () => {
  const { results } = await runRace({
    contenders: ["good", "bad"],
    rules: full,
    before: steady(3),
    after: async (contender, from, to) =>
      (await steady(2)(from, to)).map((loss, i) => (contender === "bad" && from + i === 5 ? Number.NaN : loss)),
  });
  const good = results.get("good")!;
  assert.ok(good.verdict === "scored" && Math.abs(good.lossReduction - 1) < 1e-9 && good.score > 0.9);
  assert.deepEqual(results.get("bad"), { verdict: "rejected", reason: "non_finite_loss", batches: 0 });

  const own = await runRace({
    contenders: ["good"],
    rules: full,
    before: async (from, to) => Array.from({ length: to - from }, () => Number.NaN),
    after: (_, from, to) => steady(2)(from, to),
  });
  assert.deepEqual(own.results.get("good"), { verdict: "abstained", reason: "validator_failed", batches: 0 });
});

test("who cannot be measured any more is abstained on, and ends its own race only", async () => {
  for (const failing of [0, 7]) {
    const { results, before } = await runRace({
      contenders: ["good", "gone", "other"],
      rules: { ...full, topN: 1 },
      before: steady(3),
      after: async (contender, from, to) => {
        if (contender === "gone" && from >= failing) return null;
        const phase = ["good", "gone", "other"].indexOf(contender);
        return (await steady(2)(from, to)).map((loss, i) => loss + 0.5 * Math.sin((phase + 1.7) * (from + i)));
      },
    });
    assert.deepEqual(results.get("gone"), { verdict: "abstained", reason: "validator_failed", batches: failing });
    assert.equal(results.get("good")!.verdict, "scored");
    assert.ok(before.length > 7, "the others went on");
  }
});

/** Races on a clock that only measuring moves: a millisecond a batch, but for the batches that `slow` says more of. */
const inTime = async (
  fields: readonly Field[],
  milliseconds: number,
  { rules = full, slow = () => 1 }: { rules?: typeof full; slow?: (measured: number) => number } = {},
) => {
  let now = 0;
  let measured = 0;
  const spend = (batches: number) => {
    for (let i = 0; i < batches; i++) now += slow(measured++);
  };
  const outcomes = await runRaces(
    fields.map((field) => ({
      contenders: field.map((_, miner) => miner),
      rules,
      before: async (from: number, to: number) => {
        spend(to - from);
        return Array.from({ length: to - from }, () => 0);
      },
      after: async (miner: number, from: number, to: number) => {
        spend(to - from);
        return field[miner]!.slice(from, to).map((difference) => -difference);
      },
    })),
    { now: () => now, left: () => Math.max(0, milliseconds - now) },
  );
  const results = outcomes.map(({ results }) => [...results.values()]);
  return { outcomes, results, now };
};

const plainField = (miners: number, strength = 1): Field =>
  Array.from({ length: miners }, (_, miner) =>
    Array.from({ length: 51 }, (_, batch) => strength + 0.3 * Math.sin(batch * (miner + 1.7))),
  );

test("with enough time the clock decides nothing, and groups side by side decide nothing for each other", async () => {
  const draw = simulatedField({ miners: 8, noise: 0.25, skills: 3 });
  const random = createRandom("enough");
  const fields = [draw(random, full.batches), draw(random, full.batches)];
  const alone = await Promise.all(fields.map((field) => raceOf(field, full)));
  const { results, outcomes } = await inTime(fields, 1e9);
  assert.deepEqual(results, alone);
  assert.deepEqual(
    outcomes.map(({ isShort }) => isShort),
    [false, false],
  );
});

const LAPS = [7, 13, 26, 51];

/** Batches of everybody who has not left after a lap. */
const furthest = (results: readonly RaceResult[]): number => Math.max(...results.map(({ batches }) => batches));

test("a race that is short of time scores everybody of every group, no group on more than the other, and says so", async () => {
  const rules = { ...full, topN: 6, tolerance: 0 };
  for (const milliseconds of [80, 100, 150, 200, 250]) {
    const { results, outcomes, now } = await inTime([plainField(6), plainField(3)], milliseconds, { rules });
    const [one, other] = results.map(furthest);
    assert.ok(one! >= 4 && one === other && now <= milliseconds, `${one} and ${other} in ${milliseconds} ms`);
    for (const { verdict, batches } of results.flat())
      assert.ok(verdict === "scored" && (batches === one || LAPS.includes(batches)));
    for (const { isShort, before } of outcomes) assert.ok(isShort && before.length === one);
  }
});

test("one round of all batches is cut short as well", async () => {
  const { results } = await inTime([plainField(4)], 120, { rules: { ...full, rounds: 1 } });
  const [first] = results[0]!;
  assert.ok(first!.batches >= 8 && first!.batches < 51);
  for (const result of results[0]!)
    assert.deepEqual([result.verdict, result.batches, scoreOf(result) > 0], ["scored", first!.batches, true]);
});

test("more time measures more", async () => {
  const rules = { ...full, topN: 6, tolerance: 0 };
  const batches = [];
  for (const milliseconds of [60, 120, 240, 480])
    batches.push(furthest((await inTime([plainField(6)], milliseconds, { rules })).results[0]!));
  assert.deepEqual(
    batches,
    [...batches].sort((a, b) => a - b),
  );
  assert.ok(batches.at(-1)! >= 40, `${batches}`);
});

test("a machine that becomes busy halfway leaves everybody at what all have", async () => {
  const rules = { ...full, topN: 6, tolerance: 0 };
  // After 100 batches each takes ten times as long.
  const { results } = await inTime([plainField(6)], 600, { rules, slow: (measured) => (measured < 100 ? 1 : 10) });
  assert.ok(furthest(results[0]!) >= 13);
  for (const { verdict, batches } of results[0]!)
    assert.ok(verdict === "scored" && (batches === furthest(results[0]!) || LAPS.includes(batches)));
});

test("noise earns no more often where time is short", async () => {
  const random = createRandom("short noise");
  let earned = 0;
  const trials = 2000;
  for (let trial = 0; trial < trials; trial++) {
    const noise = [Array.from({ length: 51 }, () => normal(random))];
    const { results } = await inTime([noise], 20 + (trial % 100), { rules: { ...full, topN: 1 } });
    if (scoreOf(results[0]![0]!) > 0) earned++;
  }
  assert.ok(earned / trials <= 0.01, `${earned} of ${trials}`);
});

test("whoever was not reached at all is abstained on", async () => {
  const none = await inTime([plainField(3)], 0);
  for (const result of none.results[0]!)
    assert.deepEqual(result, { verdict: "abstained", reason: "validator_failed", batches: 0 });
  const { results } = await inTime([plainField(3)], 30, { slow: (measured) => (measured < 12 ? 1 : 100) });
  assert.deepEqual(
    results[0]!.map(({ verdict }) => verdict),
    ["scored", "scored", "abstained"],
  );
});

test("a race without contenders still measures the model itself", async () => {
  const { before, results } = await runRace({
    contenders: [],
    rules: full,
    before: steady(3),
    after: async () => [],
  });
  assert.deepEqual([before.length, results.size], [7, 0]);
});

test("vectors: races", async () => {
  const { cases } = loadVectors(
    "race",
    z.object({
      cases: z.array(
        z.object({
          rules: z.object({
            batches: z.number(),
            confidence: z.number(),
            exponent: z.number(),
            topN: z.number(),
            rounds: z.number(),
            tolerance: z.number(),
          }),
          before: z.array(z.number()),
          after: z.array(z.array(z.number())),
          results: z.array(
            z.object({
              batches: z.number(),
              lossReduction: z.number(),
              standardError: z.number(),
              growth: z.number(),
              score: z.number(),
            }),
          ),
        }),
      ),
    }),
  );
  for (const { rules, before, after, results } of cases) {
    const found = await runRace({
      contenders: after.map((_, miner) => miner),
      rules,
      before: async (from, to) => before.slice(from, to),
      after: async (miner, from, to) => after[miner]!.slice(from, to),
    });
    for (const [miner, expected] of results.entries()) {
      const result = found.results.get(miner)!;
      assert.ok(result.verdict === "scored");
      assert.equal(result.batches, expected.batches);
      for (const key of ["lossReduction", "standardError", "growth", "score"] as const)
        assert.ok(Math.abs(result[key] - expected[key]) <= 1e-9 * Math.abs(expected[key]), `${key} of ${miner}`);
    }
  }
});
