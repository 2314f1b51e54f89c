import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allAgree, auditLines, olderLines, olderThanKept } from "#inspect/audit/audit-text.js";
import type { AuditResult, CycleAudit } from "#inspect/audit/findings.js";

const one = (cycle: number, result: AuditResult): CycleAudit => ({
  ...{ cycle, result, base: "a".repeat(64), agreed: null, recomputed: null, reports: 1, scored: 1, merged: 0 },
  ...{ divergences: ["this differs"], missing: ["that is gone"], notes: [] },
});

const [gone, good, bad] = ["not auditable", "agrees", "diverges"] as const;

describe("what an audit says", () => {
  const cases: readonly (readonly [
    what: string,
    results: readonly AuditResult[],
    older: readonly number[],
    all: boolean,
  ])[] = [
    ["every cycle agrees", [good, good], [], true],
    ["the first are older than what is kept", [gone, gone, good, good], [0, 1], true],
    ["one between cannot be had", [gone, good, gone, good], [0], false],
    ["none can be had", [gone, gone], [], false],
    ["one diverges before the first that agrees", [bad, gone, good], [1], false],
    ["there is none", [], [], false],
  ];
  for (const [what, results, older, all] of cases)
    it(`is right where ${what}`, () => {
      const audits = results.map((result, cycle) => one(cycle, result));
      assert.deepEqual([olderThanKept(audits), allAgree(audits)], [older, all]);
    });

  it("does not say of a cycle before the first that agrees that nothing is damaged: a file of it may be", () => {
    const damaged = { ...one(0, gone), missing: ["every copy of ab is damaged"] };
    const older = olderThanKept([damaged, one(1, good)]);
    assert.deepEqual(older, [0]);
    for (const line of [...auditLines(damaged), ...olderLines(older)]) assert.doesNotMatch(line, /no damage/);
  });

  it("calls older cycles what they are, and counts one report as one", () => {
    assert.deepEqual(olderLines([]), []);
    assert.match(olderLines([1])[0]!, /^cycle 1 cannot be audited any more, or not now: .*\(checkpoint_keep_top_k\)/);
    assert.match(olderLines([1, 2])[0]!, /^cycles 1, 2 cannot/);
    assert.deepEqual(auditLines(one(3, good)), ["cycle 3 agrees: model aaaaaaaaaaaa, 1 report, 1 scored, 0 merged"]);
    assert.deepEqual(auditLines(one(3, gone)), ["cycle 3 not auditable: that is gone"]);
  });
});
