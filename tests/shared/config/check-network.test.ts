import assert from "node:assert/strict";
import { test } from "node:test";
import { checkFields } from "#shared/config/check-network.js";
import { type Network, networkHash, networkSchema } from "#shared/protocol/network.js";
import { sprintOf } from "#shared/protocol/sprint.js";
import { coded } from "../../support/coded.js";
import { PHASES, template } from "../../support/micro-network.js";

const networkWith = (sprint?: object, phases: Network["phases"] = PHASES) =>
  networkSchema.parse({ ...template, phases, genesis: "0".repeat(64), ...(sprint && { sprint }) });

test("Sprints that their arithmetic cannot play are refused before anything is done", () => {
  const long = { ...PHASES, evaluate: 16 };
  const float = { every: 1, dials: "tiny", profile: "float" };
  checkFields(networkWith({ every: 1, dials: "tiny" }));
  checkFields(networkWith(float, long));
  checkFields(networkWith({ ...float, dials: "test", devices: "same" }, long));
  const refused = (sprint: object, phases: Network["phases"], message: RegExp) =>
    assert.throws(() => checkFields(networkWith(sprint, phases)), coded("SPRINT_PROFILE_UNSUPPORTED", message));
  refused({ ...float, duty: {} }, long, /^sprint.duty/);
  refused({ ...float, dials: "real" }, long, /^sprint.dials/);
  refused(float, { ...long, evaluate: 15 }, /^phases.evaluate: .* 16 blocks/);
  refused({ every: 1, dials: "tiny", devices: "same" }, PHASES, /^sprint.devices/);
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
