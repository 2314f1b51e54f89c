import assert from "node:assert/strict";
import { it } from "node:test";
import type { VerifyVrf } from "#shared/protocol/signing.js";
import { assessMembers, memberAssessor } from "#shared/settlement/assess-members.js";
import { verifyCheapDraw } from "../duty/support.js";
import { simulateCycle } from "./simulated-cycle.js";

const CLAIMS = 200;

it("other work of a program goes on after each draw of a member that is verified", async () => {
  const { inputs } = simulateCycle("pauses", [{ name: "eve", tasks: CLAIMS, plants: false }, { name: "ann" }]);
  const ann = inputs.members.find(({ hotkey }) => hotkey === "ann")!;
  let verified = 0;
  const verify: VerifyVrf = (...draw) => {
    verified += 1;
    return verifyCheapDraw(...draw);
  };
  let turns = 0;
  let isOver = false;
  const otherWork = () => {
    turns += 1;
    if (!isOver) setImmediate(otherWork);
  };
  setImmediate(otherWork);
  const found = await memberAssessor(inputs, verify)(ann);
  isOver = true;
  assert.deepEqual(found, assessMembers(inputs, verifyCheapDraw).assessments.get("ann"));
  assert.ok(verified >= CLAIMS, `${verified} draws`);
  assert.ok(turns >= verified - 1, `${turns} turns of other work for ${verified} draws`);
});
