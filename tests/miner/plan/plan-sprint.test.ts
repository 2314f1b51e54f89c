import assert from "node:assert/strict";
import { it } from "node:test";
import { planSprint } from "#miner/plan/plan-sprint.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { template } from "../../support/micro-network.js";

const sprint = sprintSchema.parse({ every: 4, dials: "test", required: 1000, confirmations: 0.2 });
const context = { blockSeconds: 12, isProcessor: true };

it("Sprints take their share of the evaluate phase, in one of four cycles and a fifth of the others", () => {
  const plan = planSprint({ max_share: 0.5, expected_nonces: 400 }, { ...template, sprint }, context)!;
  // Four of a cycle's 22 blocks are the evaluate phase.
  const blocks = Object.values(template.phases).reduce((sum, length) => sum + length, 0);
  assert.equal(plan.searchSeconds, 24);
  assert.ok(Math.abs(plan.share - (0.4 * 24) / (12 * blocks)) < 1e-12);
  assert.equal(plan.memory, 8 * 3 * 256 * 1024);
  assert.deepEqual([plan.required, plan.expected], [1000, 400]);
  const floats = planSprint(
    { max_share: 1, expected_nonces: undefined },
    { ...template, sprint },
    { ...context, isProcessor: false },
  )!;
  assert.deepEqual([floats.memory, floats.expected], [4 * plan.memory, null]);
});

it("idle time is a part of a Sprint's search in each cycle that has neither Sprint nor confirmation", () => {
  const idle = sprintSchema.parse({ ...sprint, idle: { window: 0.5 } });
  const plan = planSprint({ max_share: 0.5, expected_nonces: 400 }, { ...template, sprint: idle }, context)!;
  const blocks = Object.values(template.phases).reduce((sum, length) => sum + length, 0);
  assert.ok(Math.abs(plan.share - ((0.25 + 0.75 * 0.6) * 24) / (12 * blocks)) < 1e-12);
});

it("nothing is planned where there are none, or the miner takes part in none", () => {
  assert.equal(planSprint({ max_share: 1, expected_nonces: undefined }, template, context), null);
  assert.equal(planSprint({ max_share: 0, expected_nonces: undefined }, { ...template, sprint }, context), null);
});
