import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";
import type { Report, ReportEntry } from "#shared/protocol/report.js";
import { planLaps } from "#shared/scoring/racing/laps.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { runRace } from "#shared/scoring/racing/run-races.js";
import { reportProblem } from "#shared/scoring/report-problem.js";
import { studentQuantile } from "#shared/scoring/student-t.js";
import { mean } from "#shared/util/mean.js";
import { template } from "../../support/micro-network.js";

const network = template;
const entry: ReportEntry = {
  uid: 3,
  hotkey: "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
  group: "math",
  artifact: "1".repeat(64),
  verdict: "scored",
  reason: null,
  detail: null,
  lossReduction: 0.5,
  standardError: 0,
  batches: 12,
  growth: 1,
  independence: 1,
  score: 0.5,
};
const problemOf = (change: Partial<ReportEntry>, baseline: Report["baseline"] = { math: { loss: 4, batches: 12 } }) =>
  reportProblem({ baseline, entries: [{ ...entry, ...change }] }, network);

test("figures that no measurement can have given refuse the report", () => {
  assert.equal(problemOf({}), null);
  assert.match(problemOf({ score: 0.51 })!, /^uid 3: a score of 0\.51, where its mean, error, .+ allow 0\.5$/);
  assert.equal(problemOf({ score: 0.51, growth: 1.5 }), null);
  assert.match(problemOf({ standardError: 0.1 })!, /^uid 3: a score of 0\.5/);
  assert.match(problemOf({ lossReduction: 4.01, score: 0 })!, /more than the model has$/);
  assert.equal(
    problemOf({ lossReduction: 8, batches: 6, score: 0 }),
    null,
    "the first six batches may have all the loss",
  );
  assert.match(problemOf({ lossReduction: 8.1, batches: 6, score: 0 })!, /more than the model has$/);
  assert.match(problemOf({ lossReduction: -1, score: 2e-9 })!, /allow 0$/);
  assert.match(problemOf({ batches: 13 })!, /^uid 3: 13 batches beside 12/);
  assert.match(problemOf({}, { math: { loss: 4, batches: 13 } })!, /of 12$/);
  assert.match(problemOf({}, {})!, /no loss of the model/);
  assert.match(problemOf({ group: "toString" })!, /no group toString/);
  assert.match(problemOf({ group: "prose" })!, /no loss of the model/);
  const { lossReduction: _, ...unmeasured } = entry;
  assert.equal(
    problemOf({ ...unmeasured, verdict: "rejected", reason: "norm", lossReduction: null, score: 0 }, {}),
    null,
    "what is not scored has no figures",
  );
});

test("a report counts by the same limit on machines whose functions differ in the last bit", (t) => {
  // The bound is a small difference of large numbers, so a last bit of the quantile is much of it.
  const laps = planLaps(raceRules(network.scoring));
  const last = laps.at(-1)!;
  const quantile = studentQuantile(last.confidence, last.batches - 1);
  const flat = { lossReduction: quantile + 1e-9, standardError: 1 };
  const most = quantile + 1e-9 - (quantile * Math.sqrt(12)) / Math.sqrt(12);
  const limit = most * (1 + 1e-9);
  assert.equal(problemOf({ ...flat, score: limit }), null);
  const scores = Array.from({ length: 100 }, (_, i) => limit + 1e-9 + (i - 50) * 1e-16);
  const here = scores.map((score) => problemOf({ ...flat, score }));
  assert.ok(here.includes(null) && here.some((problem) => problem !== null), "some are on either side of the limit");
  const below = (value: number) => value * (1 - Number.EPSILON / 2);
  for (const name of ["atan", "log", "exp", "pow"] as const) {
    const real = Math[name] as (...values: number[]) => number;
    t.mock.method(Math, name, (...values: number[]) => below(real(...values)));
  }
  assert.equal(problemOf({ ...flat, score: limit }), null);
  assert.deepEqual(
    scores.map((score) => problemOf({ ...flat, score })),
    here,
  );
});

test("rounding of another implementation costs no honest report", () => {
  for (const exponent of [0.5, 1, 2.5]) {
    const { scoring } = network;
    const of = (score: number) =>
      reportProblem(
        {
          baseline: { math: { loss: 4, batches: 12 } },
          entries: [{ ...entry, lossReduction: 1e-7, standardError: 0, score }],
        },
        { ...network, scoring: { ...scoring, exponent } },
      );
    assert.equal(of((1e-7 + 1e-12) ** exponent), null);
    assert.match(of((1e-7 + 1e-8) ** exponent)!, /^uid 3: a score of /);
  }
});

test("what gained nothing has no score, however small the exponent", () => {
  for (const lossReduction of [0, -1e-12]) {
    const entries = [{ ...entry, lossReduction, score: 0.1 }];
    const scoring = { ...network.scoring, exponent: 0.1 };
    const of = { baseline: { math: { loss: 4, batches: 12 } }, entries };
    assert.match(reportProblem(of, { ...network, scoring })!, /allow 0$/);
  }
});

test("whatever an honest validator measures is accepted", async () => {
  const rules = raceRules(network.scoring);
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.double({ min: -3, max: 3, noNaN: true }), async (seed, gain) => {
      const random = createRandom(seed);
      const before = Array.from({ length: rules.batches }, () => 4 + 0.5 * normal(random));
      const contenders = Array.from({ length: 4 }, (_, i) =>
        before.map((loss) => Math.max(0, loss - gain * i - 0.05 * normal(random))),
      );
      const raced = await runRace({
        contenders,
        rules,
        before: async (from, to) => before.slice(from, to),
        after: async (losses, from, to) => losses.slice(from, to),
      });
      const entries = [...raced.results.values()].flatMap((result, uid) =>
        result.verdict === "scored" ? [{ ...entry, ...result, uid }] : [],
      );
      assert.ok(entries.length > 0);
      const baseline = { math: { loss: mean(raced.before), batches: raced.before.length } };
      assert.equal(reportProblem({ baseline, entries }, network), null);
    }),
    { seed: 11, numRuns: 200 },
  );
});
