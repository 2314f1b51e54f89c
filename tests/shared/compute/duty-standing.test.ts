import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dutyRules, reputationRules } from "#shared/compute/duty/rules.js";
import { type DutyPart, dutyParts, dutyStandings, paidBy } from "#shared/compute/duty/standing.js";
import { payGate } from "#shared/compute/gate.js";
import type { Task } from "#shared/duty/task.js";
import { NEWCOMER } from "#shared/reputation/reputation.js";
import { targetsOf } from "#shared/settlement/cycle-inputs.js";
import { simulateCycle } from "../settlement/simulated-cycle.js";

const part = (hotkey: string, change: Partial<DutyPart> = {}): DutyPart => ({
  ...{ hotkey, tasks: 20, duties: 10, missed: 0, missRate: 0, isFraud: false, released: 1_000_000 },
  ...{ checked: 20, verified: 10, credit: 10_000_000 },
  ...change,
});

const missing = (hotkey: string, missRate: number): DutyPart =>
  part(hotkey, { missed: missRate / 100_000, missRate, released: 1_010_000 - missRate });

const rules = reputationRules({ tasks: 20 });

/** Standings after closed Sprints, of which those from the second cycle on are not in what was agreed. */
const after = (closed: readonly (readonly DutyPart[])[], agreed = 0) =>
  dutyStandings({
    agreed: new Map([["ann", { ...NEWCOMER, value: agreed }]]),
    closed: closed.map((parts, cycle) => ({ cycle, parts })),
    after: 0,
    rules,
  });

describe("standings", () => {
  it("step from what was agreed by the Sprints closed since: up by clean ones, down by missed duty, to 0 by a fraud", () => {
    const of = (...closed: readonly (readonly DutyPart[])[]) =>
      after([[part("ann")], ...closed], 100_000).get("ann")!.reputation.value;
    assert.equal(of(), 100_000);
    assert.equal(of([part("ann")]), 133_334);
    assert.equal(of([part("bob")]), 100_000);
    assert.equal(of([part("ann", { tasks: 3 })]), 100_000);
    assert.equal(of([missing("ann", 30_000)]), 133_334 - 20_000);
    assert.equal(of([part("ann", { isFraud: true, released: 0 })]), 0);
    assert.equal(of([part("ann")], [part("ann")]), 166_668);
    assert.equal(after([[], [part("bob")]]).get("bob")!.reputation.value, 33_334);
  });

  it("say what the last step changed, and nothing where there was none", () => {
    const { change } = after([[], [part("ann")]], 100_000).get("ann")!;
    assert.deepEqual([change?.before.value, change?.gained, change?.isFraud], [100_000, 33_334, false]);
    assert.equal(after([[part("ann")]]).get("ann")!.change, undefined);
  });

  it("ask for as many tasks as the network file draws of a proof, and with the paper's rules take nothing for missed duty", () => {
    assert.deepEqual([reputationRules({ tasks: 5 }).leastTasks, reputationRules({ tasks: 32 }).leastTasks], [5, 20]);
    assert.equal(reputationRules({ tasks: 20, reputation: "paper" }).allowedMisses, 1_000_000);
    assert.deepEqual(reputationRules({ tasks: 20, reputation: "corrected" }), rules);
  });

  it("decide how often a miner's wins are checked where the network file says so, by the volume, and never below the floor of deterrence", () => {
    const task = (n: number) => ({ kind: "sprint-win", id: `${n}`, executor: "ann" }) as unknown as Task;
    const tasks = Array.from({ length: 20 }, (_, n) => ({
      ...{ task: task(n), executorKey: new Uint8Array(32), source: { work: 1n } },
    }));
    const target = (value: number, volume: number, duty: Parameters<typeof dutyRules>[0], isNegligent = false) => {
      const reputations = new Map([["ann", { ...NEWCOMER, value, missTest: { ratio: 0, isNegligent } }]]);
      return targetsOf({ tasks, tasksBefore: 0, volume, reputations, pot: 1n, rules: dutyRules(duty) }).get("ann")!
        .target;
    };
    const duty = { reputation: "corrected" } as const;
    assert.equal(target(0, 5_120, duty), 1_000_000);
    assert.equal(target(500_000, 5_000, duty), 525_000);
    assert.equal(target(1_000_000, 5_120, duty), 90_000);
    assert.equal(target(1_000_000, 100, duty), 1_000_000);
    assert.equal(target(1_000_000, 5_120, duty, true), 1_000_000);
    assert.equal(target(1_000_000, 5_120, {}), 1_000_000);
  });

  it("leave a host what the newest closed Sprint released, within the cut, and one without a part in it everything", () => {
    const duty = { tasks: 20, cut: 0.5 };
    const standings = after([[part("old", { released: 0 })], [part("ann", { released: 200_000 }), part("bob")]]);
    const paid = (hotkey: string) => paidBy({ duty }, standings.get(hotkey));
    assert.deepEqual(["ann", "bob", "old", "stranger"].map(paid), [0.6, 1, 1, 1]);
  });

  it("are of everybody who had tasks or duty, with what settlement released of a fraud's and of a silent one's pay", () => {
    const { inputs, closed } = simulateCycle("parts", [
      ...["ann", "bob", "cal", "dan"].map((name) => ({ name, tasks: 20 })),
      { name: "lax", tasks: 20, says: () => "valid" },
      { name: "pat", tasks: 1, wrong: 1, weight: 0n },
      { name: "tom", says: () => null, answers: false },
    ]);
    const parts = new Map(dutyParts(inputs, closed).map((one) => [one.hotkey, one]));
    assert.deepEqual([...parts.keys()], ["ann", "bob", "cal", "dan", "lax", "pat", "tom"]);
    assert.deepEqual(
      [parts.get("ann")!.released, parts.get("ann")!.missed, parts.get("ann")!.tasks],
      [1_000_000, 0, 20],
    );
    const { released, missRate, missed, duties } = parts.get("tom")!;
    assert.deepEqual([released, missRate], [10_000, 1_000_000]);
    assert.equal(missed, duties);
    assert.deepEqual([parts.get("pat")!.isFraud, parts.get("pat")!.released], [true, 0]);
    assert.deepEqual([parts.get("lax")!.isFraud, parts.get("lax")!.released], [true, 0]);
    // Every duty with a verdict that stands is somebody's, and a task that anybody checked is its executor's.
    const verdicts = [...closed.verdicts.values()];
    const sum = (of: (one: DutyPart) => number) => [...parts.values()].reduce((all, one) => all + of(one), 0);
    assert.equal(
      sum(({ verified }) => verified),
      verdicts.reduce((all, { verifiers }) => all + verifiers.length, 0),
    );
    assert.equal(
      sum(({ checked }) => checked),
      verdicts.filter(({ verdict, verifiers }) => verdict === "valid" && verifiers.length > 0).length,
    );
    assert.equal(parts.get("pat")!.checked, 0);
    assert.equal(parts.get("tom")!.verified, 0);
  });
});

describe("what duties count in verifiers' pay", () => {
  it("is by weight where everybody is on duty: a hotkey for each nonce gains nothing", () => {
    const alone = { tasks: 1, weight: 1n };
    const { inputs, closed } = simulateCycle("sybils", [
      ...["ann", "bob", "cal"].map((name) => ({ name, tasks: 20, weight: 1000n })),
      ...Array.from({ length: 30 }, (_, n) => ({ name: `sybil ${n}`, plants: false, ...alone })),
    ]);
    const parts = dutyParts(inputs, closed);
    const sum = (of: (part: DutyPart) => number) =>
      parts.reduce((all, one) => all + (one.hotkey.startsWith("sybil") ? of(one) : 0), 0);
    const all = parts.reduce((total, { credit }) => total + credit, 0);
    assert.ok(sum(({ verified }) => verified) >= 30 * 29);
    assert.ok(sum(({ credit }) => credit) < all / 20, `${sum(({ credit }) => credit)} of ${all}`);
    const { verified, credit } = parts.find(({ hotkey }) => hotkey === "ann")!;
    // What the others' draws gave, and 30 tasks that everybody was on duty for.
    assert.equal(credit, (verified - 30) * 1_000_000 + 30 * Math.floor((1_000_000 * 1000) / 3029));
  });
});

describe("the gate on pay", () => {
  const standings = after([[part("ann", { released: 500_000 })]]);
  const confirmed = new Map([["ann", { weight: 500 }]]);

  it("multiplies what the weight and what the duty leave, each where the network file has it", () => {
    const duty = { tasks: 20, cut: 1 };
    const facts = { confirmed, standings };
    assert.equal(payGate({ required: 1000, duty }, facts)!("ann"), 0.25);
    assert.equal(payGate({ required: 1000 }, facts)!("ann"), 0.5);
    assert.equal(payGate({ duty }, facts)!("ann"), 0.5);
    assert.equal(payGate({ duty }, facts)!("bob"), 1);
    assert.equal(payGate({}, facts), undefined);
    assert.equal(payGate({ required: 1000, duty }, { confirmed: undefined, standings: undefined }), undefined);
  });
});
