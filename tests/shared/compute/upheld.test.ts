import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { confirmedWeights } from "#shared/compute/confirmed.js";
import { idleWindow } from "#shared/compute/idle-window.js";
import { OUTCOMES } from "#shared/compute/outcome.js";
import { neededToUphold, upheldWeight, utilisationOf } from "#shared/compute/upheld.js";
import { idleSprint, sprintSchema } from "#shared/protocol/sprint.js";
import { template } from "../../support/micro-network.js";
import { loadVectors } from "../protocol/vectors.js";

const rules = z.object({ window: z.number(), least: z.number(), keep: z.number(), sample: z.number() });
const vectors = loadVectors(
  "sprint-idle",
  z.object({
    cases: z.array(
      z.object({
        about: z.string(),
        weight: z.number(),
        between: z.array(
          z.object({
            kind: z.enum(["confirmation", "idle"]),
            idle: rules.optional(),
            outcome: z.enum(OUTCOMES),
            measured: z.number(),
          }),
        ),
        left: z.number(),
      }),
    ),
    windows: z.array(z.object({ blocks: z.number(), window: z.number(), end: z.number() })),
  }),
);

/** P(V = count) of a Poisson variable. */
const poisson = (count: number, mean: number): number => {
  let logarithm = count * Math.log(mean) - mean;
  for (let i = 2; i <= count; i++) logarithm -= Math.log(i);
  return Math.exp(logarithm);
};

const sprint = sprintSchema.parse({ every: 4, dials: "tiny", idle: {} });
const idle = sprint.idle!;

describe("idle time", () => {
  it("leaves of a weight what the vectors say", () => {
    const part = { uid: 3, hotkey: "ann", low: 0, high: 0 };
    for (const { about, weight, between, left } of vectors.cases) {
      const weights = confirmedWeights(
        [[{ ...part, outcome: "valid", measured: weight }]],
        between.map(({ outcome, measured, idle: by }) => ({ outcomes: [{ ...part, outcome, measured }], idle: by })),
      );
      assert.equal(weights.get("ann")?.weight, left, about);
    }
  });

  it("is the part of a Sprint's search that the file says, with the same blocks for the record", () => {
    for (const { blocks, window, end } of vectors.windows) {
      const phases = { ...template.phases, evaluate: blocks };
      const found = idleWindow(3, { phases, sprint: { ...sprint, idle: { ...idle, window } } });
      assert.equal(found.end - found.start, end, `${blocks} ${window}`);
    }
  });

  it("says of whom it takes weight, and since when", () => {
    const shown = (outcome: (typeof OUTCOMES)[number], measured: number) => ({ part: { outcome, measured }, idle });
    const missed = { part: undefined, idle };
    assert.deepEqual(upheldWeight(1000, []), { weight: 1000, missed: 0, isFalse: false });
    assert.deepEqual(upheldWeight(1000, [missed, missed]), { weight: 640, missed: 2, isFalse: false });
    assert.deepEqual(upheldWeight(1000, [shown("invalid", 500)]), { weight: 0, missed: 1, isFalse: true });
    // A confirmation that was missed is no window: the weight that it leaves is bounded elsewhere.
    assert.equal(upheldWeight(0, [{ part: undefined, idle: undefined }]).missed, 0);
    const { idle: seen, bound } = confirmedWeights(
      [[{ uid: 3, hotkey: "ann", low: 0, high: 0, outcome: "valid", measured: 1000 }]],
      [{ outcomes: [], idle }],
    ).get("ann")!;
    assert.deepEqual([seen, bound], [{ of: 1000, missed: 1, isFalse: false }, "idle"]);
  });

  it("is missed by chance as seldom as docs/compute.md says", () => {
    // Wins of the Sprint and of the window, 400 and 100 in the mean, at one in eight.
    const missed = (least: number): number => {
      let probability = 0;
      for (let wins = 250; wins < 550; wins++) {
        const needed = neededToUphold(8 * wins, { ...idle, least });
        let fewer = 0;
        for (let few = 0; 8 * few < needed; few++) fewer += poisson(few, 100);
        probability += poisson(wins, 400) * fewer;
      }
      return probability;
    };
    assert.ok(missed(0.5) < 1e-6);
    assert.ok(Math.abs(missed(0.8) - 1 / 30) < 0.005);
  });

  it("measures what part of a capacity did something else, with its interval", () => {
    const of = (measured: number, low: number, high: number) => utilisationOf(1000, { measured, low, high }, idle);
    assert.deepEqual(of(200, 150, 275), { share: 1 - 200 / 250, low: 0, high: 1 - 150 / 250 });
    assert.deepEqual(of(0, 0, 30), { share: 1, low: 1 - 30 / 250, high: 1 });
    assert.equal(utilisationOf(0, { measured: 8, low: 0, high: 40 }, idle), null);
    assert.equal(neededToUphold(1000, idle), 125);
  });

  it("has a smaller sample, and is for Sprints of the exact profile that are not far apart", () => {
    assert.deepEqual(idleSprint(sprint), { ...sprint, sample: 90, isIdle: true });
    assert.equal(idleSprint(sprintSchema.parse({ every: 4, dials: "tiny" })), undefined);
    assert.equal(idleSprint(undefined), undefined);
    const accepts = (fields: object) =>
      sprintSchema.safeParse({ every: 4, dials: "tiny", idle: {}, ...fields }).success;
    assert.ok(accepts({ every: 100 }));
    assert.ok(!accepts({ every: 101 }));
    assert.ok(!accepts({ every: 1 }), "no cycle would have it");
    assert.ok(!accepts({ profile: "float" }));
    assert.ok(!accepts({ idle: { least: 0.9 } }), "chance alone would miss it");
    assert.ok(!accepts({ idle: { keep: 1 } }), "nothing would depend on it");
  });
});
