import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assessMembers, tasksToRecompute } from "#shared/settlement/assess-members.js";
import { closeCycle } from "#shared/settlement/close-cycle.js";
import { targetsOf } from "#shared/settlement/cycle-inputs.js";
import { explainHost } from "#shared/settlement/explain-host.js";
import { settledTotal } from "#shared/settlement/settle.js";
import { verifyCheapDraw } from "../duty/support.js";
import { type Host, type SimulatedCycle, simulateCycle } from "./simulated-cycle.js";

const honest = (count: number, tasks = 3): readonly Host[] =>
  Array.from({ length: count }, (_, n) => ({ name: `host ${n}`, tasks, plants: false }));
const payOf = ({ closed }: SimulatedCycle, name: string) =>
  closed.settlement.pays.find(({ hotkey }) => hotkey === name)!;
const assessmentOf = ({ closed }: SimulatedCycle, name: string) => closed.assessments.get(name)!;

describe("a cycle that is closed", () => {
  it("pays honest hosts alone, and all of the pot", () => {
    const cycle = simulateCycle("honest", honest(8));
    const { settlement, frauds, verdicts } = cycle.closed;
    assert.equal(frauds.size, 0);
    assert.ok([...verdicts.values()].every(({ verdict }) => verdict === "valid" || verdict === "unchecked"));
    assert.equal(settledTotal(settlement), 1_000_000n);
    assert.equal(
      Object.values(settlement.burned).reduce((sum, part) => sum + part),
      0n,
    );
    const done = [...cycle.closed.assessments.values()].reduce((sum, { done: all }) => sum + all.length, 0);
    assert.ok(done > 10 && done < 45, `${done} duties for 24 tasks`);
  });

  it("counts what an executor risks by reward: cheap tasks beside a dear one deter nothing", () => {
    const { inputs } = simulateCycle("dear", honest(3, 40));
    const executor = inputs.tasks[0]!.task.executor;
    const floorWith = (works: (n: number) => bigint) =>
      targetsOf({ ...inputs, tasks: inputs.tasks.map((task, n) => ({ ...task, source: { work: works(n) } })) }).get(
        executor,
      )!.floor;
    assert.equal(
      floorWith(() => 1n),
      45_000,
    );
    assert.equal(
      floorWith(() => 0n),
      45_000,
    );
    assert.equal(
      floorWith((n) => (n === 0 ? 1_000n : 1n)),
      1_800_000,
    );
    const paid = inputs.tasks.map((task, n) => ({ ...task, source: { payment: n === 0 ? 2n : 1n, payer: "client" } }));
    assert.equal(targetsOf({ ...inputs, tasks: paid }).get(executor)!.floor, 90_000);
  });

  it("is the same whatever the order of hosts, tasks and documents", () => {
    const { inputs, truths, closed } = simulateCycle("order", [
      ...honest(6),
      { name: "eve", tasks: 3, wrong: 3, plants: false },
    ]);
    const reversed = {
      ...inputs,
      members: [...inputs.members].reverse(),
      tasks: [...inputs.tasks].reverse(),
      duties: new Map([...inputs.duties].reverse()),
      answers: new Map([...inputs.answers].reverse()),
    };
    const again = closeCycle(reversed, assessMembers(reversed, verifyCheapDraw), truths);
    assert.deepEqual(again.settlement, closed.settlement);
    assert.deepEqual(again.reputations, closed.reputations);
  });

  it("takes the pay of who is found with a wrong result, and of who says of a wrong one that it is right", () => {
    const hosts: readonly Host[] = [
      ...honest(4),
      { name: "eve", tasks: 9, wrong: 9, plants: false },
      { name: "lax", tasks: 3, plants: false, says: () => "valid" },
    ];
    const cycle = simulateCycle("frauds", hosts);
    assert.deepEqual([...cycle.closed.frauds].sort(), ["eve", "lax"]);
    assert.equal(payOf(cycle, "eve").paid, 0n);
    assert.equal(payOf(cycle, "lax").paid, 0n);
    assert.ok(cycle.closed.settlement.pays.some(({ bounty }) => bounty > 0n));
    assert.ok(tasksToRecompute(cycle.inputs, cycle.closed).length > 0);
  });

  it("lets nobody be framed by who says of right results that they are wrong: it loses its own pay", () => {
    const cycle = simulateCycle("framed", [
      ...honest(6),
      { name: "mal", tasks: 3, plants: false, says: () => "invalid" },
    ]);
    assert.deepEqual([...cycle.closed.frauds], ["mal"]);
  });

  it("settles by the majority what no recomputation can", () => {
    const hosts: readonly Host[] = [...honest(8), { name: "mal", plants: false, says: () => "invalid" }];
    const cycle = simulateCycle("majority", hosts, { kind: "score" });
    assert.equal(cycle.closed.frauds.size, 0, "one voice is no majority");
    assert.equal(payOf(cycle, "mal").paid, 0n, "and its verdicts are not paid");
  });

  it("costs who does no duty that part of its pay, and its reputation, never another's", () => {
    const reputations = new Map([["lazy", { value: 500_000, idle: 0, missTest: { ratio: 0, isNegligent: false } }]]);
    const hosts: readonly Host[] = [...honest(8), { name: "lazy", tasks: 3, plants: false, says: () => null }];
    const cycle = simulateCycle("lazy", hosts, { reputations });
    const { missRate } = assessmentOf(cycle, "lazy");
    assert.equal(missRate, 1_000_000);
    const pay = payOf(cycle, "lazy");
    assert.equal(pay.validationShare, 10_000);
    assert.equal(cycle.closed.reputations.get("lazy")!.after.value, 0);
    assert.equal(payOf(cycle, "host 0").forfeited, 0n);
  });

  it("gives who plants a wrong result as drawn its pay, and takes it from who lets it pass", () => {
    const lax = Array.from({ length: 6 }, (_, n): Host => ({ name: `lax ${n}`, tasks: 3, says: () => "valid" }));
    let found = 0;
    for (let n = 0; n < 30; n++) {
      const { inputs, truths, closed } = simulateCycle(`planted ${n}`, lax);
      for (const [relay, { task }] of inputs.planted) {
        if (truths.get(task) !== "invalid") continue;
        const { verdict, liars } = closed.verdicts.get(task)!;
        assert.equal(verdict, "valid", "as it had to");
        assert.ok(!liars.includes(relay));
        found += liars.length;
        assert.ok(liars.every((liar) => closed.frauds.has(liar)));
      }
    }
    assert.ok(found > 5, `${found}`);
  });

  it("says why a host has what it has", () => {
    const hosts: readonly Host[] = [...honest(4), { name: "lazy", tasks: 3, plants: false, says: () => null }];
    const { inputs, closed } = simulateCycle("explained", hosts);
    const lines = explainHost("lazy", inputs, closed);
    assert.match(lines.join("\n"), /^reputation 0\.000000: 0\.000000 before, 0\.000000 gained/);
    assert.match(lines.join("\n"), /checked: each of its tasks by 1\.000000 verifiers on average/);
    assert.match(lines.join("\n"), /weight 1 of 5, fixed before the beacon/);
    assert.match(lines.join("\n"), /duty: probability 0\.2\d+ a task on average, \d\.\d+ of 12 tasks expected/);
    assert.match(lines.join("\n"), /duty: 0 done, 0 abstained, (\d+) missed of \1 \(1\.000000\)/);
    assert.match(lines.join("\n"), /paid \d+: \d+ released \(work share 1\.000000, validation share 0\.010000\)/);
    assert.match(explainHost("nobody", inputs, closed).join(), /is no member/);
  });
});
