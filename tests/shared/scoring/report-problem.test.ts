import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";
import type { Report, ReportEntry } from "#shared/protocol/report.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { runRace } from "#shared/scoring/racing/run-races.js";
import { reportProblem } from "#shared/scoring/report-problem.js";
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
  assert.match(problemOf({ lossReduction: -1, score: 1e-9 })!, /allow 0$/);
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
