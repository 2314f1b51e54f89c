import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TYPICAL_KINDS } from "#owner/compute/kinds.js";
import { measure, type RulesMeasures } from "#owner/compute/measures.js";
import { rulesOf } from "#owner/compute/rule-sets.js";
import { neededCapacity } from "#owner/compute/rules/needed-capacity.js";
import { type ComputeScenario, TYPICAL_SCENARIO } from "#owner/compute/scenario.js";
import { simulateRules } from "#owner/compute/simulate.js";
import { mean } from "#shared/util/mean.js";

const [host, , renter] = TYPICAL_KINDS;
/** Eight confirmations a day, so that hardly a day has none, and so many hosts that the one that is away decides no vote. */
const two: ComputeScenario = {
  ...TYPICAL_SCENARIO,
  block: 60,
  confirmations: 8,
  kinds: [
    { ...host!, count: 8 },
    { ...renter!, count: 1 },
  ],
};
const runOf = (id: string, scenario: ComputeScenario, epochs: number) => {
  const rules = rulesOf(scenario).find((one) => one.id === id)!;
  return simulateRules(rules, scenario, { epochs, seed: 5 });
};
const measured = (id: string, scenario = two, epochs = 6): RulesMeasures =>
  measure(runOf(id, scenario, epochs), scenario);

describe("the simulation of proof of compute", () => {
  it("has a host that loads for a part of the window need window/(window − load) times the hardware", () => {
    for (const late of [150, 300, 450]) {
      const kinds = [two.kinds[0]!, { ...two.kinds[1]!, boot: 50, load: late - 50 }];
      const scenario = { ...two, kinds };
      const { epochs } = runOf("no-grace", scenario, 5);
      // From the second day on: a growth bound and a missing confirmation cannot hide what a window gave.
      const ratios = epochs.slice(1).map(({ weights }) => mean(weights.slice(0, 8)) / weights[8]!);
      const needed = neededCapacity(600, late);
      assert.ok(Math.abs(mean(ratios) / needed - 1) < 0.02, `${late}: ${mean(ratios)}, not ${needed}`);
    }
  });

  it("pays who comes for an announced window alone as much as who is always there, for a hundredth of the hours", () => {
    const { kinds } = measured("fixed");
    assert.ok(Math.abs(kinds[1]!.perUnit - 1) < 0.05, `${kinds[1]!.perUnit}`);
    assert.ok(Math.abs(kinds[1]!.perUnitHour / (86_400 / 900) - 1) < 0.05, `${kinds[1]!.perUnitHour}`);
  });

  it("bars who loads for half of a window by its early share, from its second miss on", () => {
    const { series, kinds } = measured("early-share");
    assert.equal(series[1]!.at(-1), 0);
    assert.ok(kinds[1]!.barred > 0.5);
    assert.equal(kinds[0]!.barred, 0);
  });

  it("costs continuous proofs (1 − u)/u seconds to a second of useful work, and windows far less", () => {
    const hosts = { ...two, kinds: [two.kinds[0]!] };
    const { proofs, usefulWork } = measured("continuous", hosts, 2).energy;
    assert.ok(Math.abs(proofs / usefulWork / (0.7 / 0.3) - 1) < 1e-9);
    const windows = measured("short", { ...hosts, confirmations: 2 }, 6).energy;
    assert.ok(windows.perWork < 0.02, `${windows.perWork}`);
    assert.ok(windows.verification < 0.01 * windows.proofs);
    assert.equal(measured("fixed", { ...hosts, watts: 700 }, 1).energy.joulesPerWork! > 0, true);
  });

  it("takes the pay of lazy, silent and absent hosts under duty and delivery, and of nobody honest", () => {
    const kinds = TYPICAL_KINDS.map((kind) => ({ ...kind, count: Math.min(kind.count, 4) }));
    const scenario = { ...TYPICAL_SCENARIO, block: 60, kinds };
    const { kinds: found } = measured("delivery", scenario, 4);
    const of = (name: string) => found.find(({ kind }) => kind === name)!;
    assert.deepEqual([of("host").proven, of("small host").proven, of("splitter").proven], [0, 0, 0]);
    assert.equal(of("padder 5 %").income, 0);
    assert.ok(of("renter").perUnitHour < 1 && of("fast loader").perUnitHour < 1);
    assert.ok(of("silent verifier").perUnit < 0.1);
    assert.equal(of("renter").reportedClass, "server");
  });

  it("is the same run again with the same seed, and another with another", () => {
    const rules = rulesOf(two).find(({ id }) => id === "delivery")!;
    const run = (seed: number) => measure(simulateRules(rules, two, { epochs: 2, seed }), two);
    assert.deepEqual(run(3), run(3));
    assert.notDeepEqual(run(3), run(4));
  });
});
