import assert from "node:assert/strict";
import { it } from "node:test";
import { type Check, ok } from "#shared/doctor/check.js";
import { CHECKS } from "#shared/doctor/checks/index.js";
import { examine, type Outcome, worstOf } from "#shared/doctor/examine.js";
import { outcomeLines, summaryOf } from "#shared/doctor/text.js";
import { situation } from "./support.js";

it("a check that hangs has its own deadline, and the next one runs", async (t) => {
  const { about } = await situation(t);
  const hanging: Check = { name: "hanging", deadlineMs: 1, run: () => new Promise(() => {}) };
  const fine: Check = { name: "fine", deadlineMs: 1000, run: async () => ok("all is well") };
  const outcomes: Outcome[] = [];
  for await (const outcome of examine([hanging, fine], about, () => 0)) outcomes.push(outcome);
  assert.deepEqual(outcomes, [
    {
      check: "hanging",
      verdict: "failure",
      says: "no answer within 0.001 s",
      remedy: "look at what it waits for",
      milliseconds: 0,
      overdue: true,
    },
    { check: "fine", verdict: "ok", says: "all is well", milliseconds: 0, overdue: false },
  ]);
  assert.equal(
    outcomeLines(outcomes[0]!),
    "✖ hanging      no answer within 0.001 s\n               → look at what it waits for",
  );
  assert.equal(summaryOf(outcomes), "1 failure, 0 warnings, 1 ok");
  assert.equal(worstOf(["ok", "warning"]), "warning");
});

it("what somebody else wrote moves no cursor", () => {
  const says = "x\u001b[2J\u009b1A\r\u202e y\nz";
  const outcome: Outcome = { check: "network", verdict: "ok", says, remedy: says, milliseconds: 0, overdue: false };
  assert.equal(outcomeLines(outcome), "✔ network      x [2J 1A y z\n               → x [2J 1A y z");
});

it("a file that a check may not read is its finding, and the next one runs", async (t) => {
  const { about } = await situation(t);
  const refusal = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES", syscall: "open" });
  const closed: Check = { name: "closed", deadlineMs: 1000, run: () => Promise.reject(refusal) };
  const needy: Check = { name: "needy", deadlineMs: 1000, needs: "network", run: async () => ok("never") };
  const said: string[] = [];
  const without = { ...about, network: () => Promise.reject(refusal) };
  for await (const { verdict, says } of examine([closed, needy], without)) said.push(`${verdict} ${says}`);
  assert.deepEqual(said, [
    "failure FILE_UNWRITABLE EACCES: permission denied",
    "warning not looked at: there is no network file",
  ]);
});

it("a bug in a check is not taken for a finding", async (t) => {
  const { about } = await situation(t);
  const broken: Check = { name: "broken", deadlineMs: 1000, run: () => Promise.reject(new TypeError("a bug")) };
  await assert.rejects(async () => {
    for await (const _ of examine([broken], about)) assert.fail();
  }, TypeError);
});

it("checks have names of their own", () => {
  assert.equal(new Set(CHECKS.map(({ name }) => name)).size, CHECKS.length);
});
