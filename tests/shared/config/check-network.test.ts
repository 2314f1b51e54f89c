import assert from "node:assert/strict";
import { test } from "node:test";
import { checkFields } from "#shared/config/check-network.js";
import { networkHash, networkSchema } from "#shared/protocol/network.js";
import { sprintOf } from "#shared/protocol/sprint.js";
import { template } from "../../support/micro-network.js";

const networkWith = (sprint?: object) =>
  networkSchema.parse({ ...template, genesis: "0".repeat(64), ...(sprint && { sprint }) });

test("Sprints in an arithmetic that cannot be settled are refused before anything is done", () => {
  checkFields(networkWith({ every: 1, dials: "tiny" }));
  assert.throws(() => checkFields(networkWith({ every: 1, dials: "tiny", profile: "float" })), {
    code: "SPRINT_PROFILE_UNSUPPORTED",
  });
});

test("a network file without Sprints has no key of theirs, and one with them has a Sprint in each so-manieth cycle", () => {
  const without = networkWith();
  assert.ok(!("sprint" in without));
  assert.equal(sprintOf(without, 4), undefined);
  const network = networkWith({ every: 2, dials: "tiny" });
  assert.notEqual(networkHash(network), networkHash(without));
  assert.deepEqual(network.sprint, { every: 2, profile: "exact", dials: "tiny", sample: 459, max_share: 0.25 });
  const cycles = Array.from({ length: 6 }, (_, cycle) => cycle);
  // The first cycle of the network is 1.
  assert.deepEqual(
    cycles.filter((cycle) => sprintOf(network, cycle) !== undefined),
    [2, 4],
  );
});
