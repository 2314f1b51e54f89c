import assert from "node:assert/strict";
import { it } from "node:test";
import { membersUnsure } from "#miner/duty/members-unsure.js";

it("a miner that cannot read the Sprints before says which, and what to do", () => {
  const { code, message, hint } = membersUnsure([3, 7]);
  assert.equal(code, "DUTY_MEMBERS_UNSURE");
  assert.match(message, /cycles 3, 7 cannot be read/);
  assert.match(hint, /archive node/);
});
