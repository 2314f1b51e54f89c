import assert from "node:assert/strict";
import { it } from "node:test";
import { remedyFor } from "#validator/judge/remedy.js";

it("what a validator lacks by its own fault is to be mended; what another does not send is not its operator's to mend", () => {
  assert.equal(remedyFor({ reason: "unreachable" }, "others decide"), "nothing to do: others decide");
  assert.match(remedyFor({ reason: "validator_failed" }, "others decide"), /^mend what .*; until then others decide$/);
});
