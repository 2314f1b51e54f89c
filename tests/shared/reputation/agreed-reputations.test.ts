import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StatedReputation } from "#shared/protocol/stated-reputation.js";
import {
  agreedReputations,
  changedReputations,
  reputationsOf,
  statedReputations,
} from "#shared/reputation/agreed-reputations.js";
import { DEFAULT_REPUTATION, NEWCOMER, type Reputation } from "#shared/reputation/reputation.js";

const stakes = new Map([
  ["vera", 40n],
  ["vito", 40n],
  ["vlad", 21n],
]);

const stated = (hotkey: string, value: number, change: Partial<Reputation> = {}): StatedReputation => ({
  ...{ hotkey, ...NEWCOMER, value },
  ...change,
});

const agreed = (
  statements: Readonly<Record<string, readonly StatedReputation[]>>,
  there: Iterable<string> = stakes.keys(),
) =>
  agreedReputations(
    Object.entries(statements).map(([hotkey, reputations]) => ({ hotkey, reputations })),
    { stakes, there: new Set(there) },
  );

describe("reputations that validators state", () => {
  it("are agreed on where more than half of the voting stake that is there states the same of a host", () => {
    const [ann, bob] = [stated("ann", 100_000), stated("bob", 200_000, { idle: 3 })];
    const found = agreed({ vera: [ann, bob], vito: [stated("ann", 133_334), bob], vlad: [ann] });
    assert.deepEqual([...found.keys()], ["ann", "bob"]);
    assert.deepEqual(found.get("ann"), { ...NEWCOMER, value: 100_000 });
    assert.deepEqual(found.get("bob"), { ...NEWCOMER, value: 200_000, idle: 3 });
  });

  it("make a newcomer of a host on which no majority agrees: neither silence, nor strangers, nor half of the stake raise it", () => {
    const bob = stated("bob", 1_000_000);
    assert.equal(agreed({ vera: [bob] }).size, 0);
    assert.equal(agreed({ vera: [bob], stranger: [bob] }).size, 0);
    assert.equal(agreed({ vera: [bob], vito: [{ ...bob, missTest: { ratio: 1, isNegligent: true } }] }).size, 0);
    assert.equal(agreed({}).size, 0);
  });

  it("outlast a Sprint in which others are away, and one in which less than half of those who are there states nothing", () => {
    const bob = stated("bob", 1_000_000);
    assert.equal(agreed({ vera: [bob] }, ["vera"]).size, 1);
    assert.equal(agreed({ vera: [bob] }, ["vera", "vlad"]).size, 1);
    assert.equal(agreed({ vera: [bob], vlad: [stated("bob", 0)] }, ["vera", "vlad"]).get("bob")?.value, 1_000_000);
    assert.equal(agreed({ vlad: [bob] }, ["vera", "vlad"]).size, 0, "less than half decides nothing");
    assert.equal(agreed({ vera: [bob] }, ["vera", "vito"]).size, 0, "nor does half");
    assert.equal(agreed({ stranger: [bob] }, ["stranger"]).size, 0, "nor who has no stake");
  });

  it("leave newcomers out, and of more than a document holds those that were idle the longest", () => {
    const many = Array.from({ length: 1100 }, (_, n) => [`host ${10_000 + n}`, { ...NEWCOMER, value: 1, idle: n }]);
    const listed = statedReputations(
      new Map([...(many as [string, Reputation][]), ["new", NEWCOMER], ["idle newcomer", { ...NEWCOMER, idle: 7 }]]),
    );
    assert.equal(listed.length, 1024);
    assert.ok(listed.every(({ idle }) => idle < 1024));
    assert.deepEqual(
      listed,
      [...listed].sort((a, b) => (a.hotkey < b.hotkey ? -1 : 1)),
    );
    const negligent = { ...NEWCOMER, missTest: { ratio: 0, isNegligent: true } };
    assert.deepEqual([...reputationsOf(statedReputations(new Map([["tom", negligent]])))], [["tom", negligent]]);
  });

  it("change by what a cycle showed, of hosts that it showed nothing of as of idle ones", () => {
    const before = new Map([["ann", { ...NEWCOMER, value: 500_000, idle: 29 }]]);
    const shown = new Map([["bob", { tasks: 20, isFraud: false, duties: 0, missed: 0, missRate: 0 }]]);
    const changed = changedReputations(before, shown, DEFAULT_REPUTATION);
    assert.deepEqual([changed.get("ann")?.after.value, changed.get("ann")?.faded], [250_000, 250_000]);
    assert.equal(changed.get("bob")?.after.value, 33_334);
  });
});
