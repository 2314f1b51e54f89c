import assert from "node:assert/strict";
import { it } from "node:test";
import { faultLines, lateLines } from "./lateness.js";

it("tells lateness from other faults", () => {
  const late =
    '12:00:00 ✖ validator  missed merge  cycle=2 code=DUTY_OVERDUE reason="the tally of cycle 2 was not done"';
  const short = "12:00:00 ▲ validator  measured steps  cycle=2 group=math code=EVALUATION_SHORT best=0";
  const json = '{"level":50,"name":"validator","cycle":2,"code":"WINDOW_MISSED","msg":"missed ballot"}';
  const heard = "12:00:00 ▲ miner  rejected  cycle=2 reason=no_commit why=x";
  const fault = '12:00:00 ✖ validator  missed merge  cycle=2 code=INTERNAL reason="x is not a function"';
  const log = [late, short, json, heard, fault, "12:00:00 • miner  joined  uid=1", ""].join("\n");
  assert.deepEqual(lateLines(log), [late, short, json, heard]);
  assert.deepEqual(faultLines(log), [fault]);
});
