import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DutyPart, dutyParts, dutyStandings, paidBy } from "#shared/compute/duty/standing.js";
import { payGate } from "#shared/compute/gate.js";
import { simulateCycle } from "../settlement/simulated-cycle.js";

const part = (hotkey: string, change: Partial<DutyPart> = {}): DutyPart => ({
  ...{ hotkey, tasks: 20, duties: 10, missed: 0, missRate: 0, isFraud: false, released: 1_000_000 },
  ...change,
});

const missing = (hotkey: string, missRate: number): DutyPart =>
  part(hotkey, { missed: missRate / 100_000, missRate, released: 1_010_000 - missRate });

describe("standings", () => {
  it("carry a reputation from Sprint to Sprint: gained by clean ones, lost by missed duty, gone by a fraud", () => {
    const of = (sprints: readonly (readonly DutyPart[])[]) => dutyStandings(sprints).get("ann")!.reputation.value;
    assert.equal(of([[part("ann")]]), 33_334);
    assert.equal(of([[part("ann")], [part("ann")]]), 66_668);
    assert.equal(of([[part("ann")], [part("bob")]]), 33_334);
    assert.equal(of([[part("ann")], [part("ann", { tasks: 3 })]]), 33_334);
    assert.equal(of([[part("ann")], [missing("ann", 30_000)]]), 66_668 - 20_000);
    assert.equal(of([[part("ann")], [part("ann", { isFraud: true, released: 0 })]]), 0);
    assert.equal(dutyStandings([]).size, 0);
  });

  it("leave a host what the newest closed Sprint released, within the cut, and one without a part in it everything", () => {
    const duty = { tasks: 20, cut: 0.5 };
    const standings = dutyStandings([
      [part("old", { released: 0 })],
      [part("ann", { released: 200_000 }), part("bob")],
    ]);
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
    const parts = new Map(dutyParts(inputs.tasks, closed).map((one) => [one.hotkey, one]));
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
  });
});

describe("the gate on pay", () => {
  const standings = dutyStandings([[part("ann", { released: 500_000 })]]);
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
