import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { USUAL_CURVES } from "#owner/rewards/curve-presets.js";
import { type Economy, TYPICAL_ECONOMY } from "#owner/rewards/economy.js";
import { copyPriceInAnyField, highestPrice, identityPrices, isSafeInAnyField } from "#owner/rewards/identity-price.js";
import { gini, measure } from "#owner/rewards/measures.js";
import { createPayroll } from "#owner/rewards/payout.js";
import { type MinerKind, scalePopulation, TYPICAL_POPULATION } from "#owner/rewards/population.js";
import { simulate } from "#owner/rewards/simulate.js";
import { HANG_GUARD } from "../../support/hang-guard.js";

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const run = (change: Partial<Economy> = {}, kinds: readonly MinerKind[] = TYPICAL_POPULATION, cycles = 60) => {
  const economy = { ...TYPICAL_ECONOMY, ...change };
  const simulation = simulate({ economy, kinds, cycles, seed: 7 });
  return { simulation, measures: measure(simulation, { emission: economy.emission, cycles }) };
};
const [honest] = TYPICAL_POPULATION.filter(({ name }) => name === "mid-tier");

describe("a simulated economy", { timeout: HANG_GUARD }, () => {
  it("comes out the same for the same seed, and otherwise for another", () => {
    const options = { economy: TYPICAL_ECONOMY, kinds: TYPICAL_POPULATION, cycles: 20 };
    assert.deepEqual(simulate({ ...options, seed: 3 }), simulate({ ...options, seed: 3 }));
    assert.notDeepEqual(simulate({ ...options, seed: 3 }), simulate({ ...options, seed: 4 }));
  });

  it("pays miners half of the emission: the other half is the validators'", () => {
    const { simulation } = run();
    const paid = sum(simulation.miners.map(({ income }) => income));
    assert.ok(Math.abs(paid - (60 * TYPICAL_ECONOMY.emission) / 2) < 0.01, String(paid));
    const burning = run({ burn: 0.3 });
    const less = sum(burning.simulation.miners.map(({ income }) => income));
    assert.ok(Math.abs(less / paid - 0.7) < 0.001, String(less / paid));
  });

  it("pays no cheater more than honest work, and shows the copier that an absent gate would pay", () => {
    for (const { name, gain } of run().measures.attacks) assert.ok(gain <= 0, `${name} gains ${gain}`);
    const copy = run({ duplicateRecall: 0 }).measures.attacks.find(({ name }) => name === "copy");
    assert.ok(copy!.gain > 0, "without the duplicate gate copying pays");
  });

  it("shows splitting to pay where pay is proportional and an identity costs nothing", () => {
    const sybil = { ...honest!, name: "sybil", behaviour: "sybil" as const, count: 1, identities: 4 };
    const kinds = [{ ...honest!, count: 6 }, sybil];
    const splitting = (change: Partial<Economy>) => run(change, kinds).measures.attacks[0]!.gain;
    const free = { curve: { curve: "proportional", exponent: 1 }, identityCost: 0 } as const;
    assert.ok(splitting(free) > 0);
    assert.ok(splitting({ ...free, identityCost: 0.2 }) < 0);
    assert.ok(
      splitting({ ...free, concavity: 1 }) <= 0,
      "parts that add up gain nothing, and lose to the noise margin",
    );
  });

  it("lets nobody gain by splitting or copying under the default economy, noise and window included", () => {
    for (const behaviour of ["sybil", "copy"] as const)
      for (const name of ["large", "mid-tier", "small"])
        for (const identities of [2, 4, 8]) {
          const kind = TYPICAL_POPULATION.find((one) => one.name === name)!;
          const kinds = [
            ...TYPICAL_POPULATION.slice(0, 3),
            { ...kind, name: behaviour, behaviour, count: 1, identities },
          ];
          const { kinds: found } = run({}, kinds, 40).measures;
          const gain = found.at(-1)!.income - found.find((one) => one.name === name)!.income;
          const cost = TYPICAL_ECONOMY.identityCost * (identities - 1);
          assert.ok(gain <= cost, `${behaviour} of ${name} with ${identities} gains ${gain - cost}`);
        }
  });

  it("tells the newcomer's wait, and what mid-tier hardware earns", () => {
    const kinds = [
      { ...honest!, count: 4 },
      { ...honest!, name: "newcomer", count: 1, arrives: 30 },
    ];
    const { kinds: results, midTierProfit } = run({ window: 8 }, kinds).measures;
    assert.ok(results[1]!.firstPaidAfter! >= 0 && results[1]!.firstPaidAfter! < 8);
    assert.equal(midTierProfit, results[0]!.profit);
  });

  it("keeps to the scenario's proportions when scaled", () => {
    for (const miners of [49, 100, 256, 1000]) {
      const counts = scalePopulation(TYPICAL_POPULATION, miners).map(({ count }) => count);
      assert.equal(sum(counts), miners);
      for (const [i, { count }] of TYPICAL_POPULATION.entries())
        assert.ok(Math.abs(counts[i]! - (count * miners) / 49) < 1, `${miners}: ${counts}`);
    }
    assert.ok(scalePopulation(TYPICAL_POPULATION, 1).every(({ count }) => count === 1));
  });
});

describe("the price of an identity", () => {
  const large = { ...honest!, name: "large", skill: 0.03, count: 1 };
  const price = (curve: Economy["curve"]) =>
    identityPrices({ economy: { ...TYPICAL_ECONOMY, curve }, kinds: [large, { ...honest!, count: 8 }] });

  it("is what makes splitting pay nothing, and steep pay makes it low for those in the middle", () => {
    const flat = price({ curve: "top-n", n: 8, decay: { ratio: 1.1 }, floor: 0 });
    const steep = price({ curve: "top-n", n: 8, decay: { ratio: 2 }, floor: 0 });
    // Half of the largest miner's work scores above the middle still: its two parts take the first two places.
    assert.ok(flat[0]!.price > 0.1 && steep[0]!.price > 0.1);
    assert.ok(steep[1]!.price < flat[1]!.price + 1e-12);
    assert.equal(
      price({ curve: "top-n", n: 1, decay: { ratio: 2 }, floor: 0 })[0]!.price,
      0,
      "one place is not divided",
    );
  });
});

describe("the price of an identity where parts weigh what the whole does", () => {
  const curve = (exponent: number) => ({ ...TYPICAL_ECONOMY, curve: { curve: "proportional", exponent } as const });

  it("is nothing at all, whatever floating point makes of equal sums", () => {
    const economy = curve(2);
    assert.equal(highestPrice({ economy, kinds: TYPICAL_POPULATION }), 0);
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        fc.array(fc.record({ skill: fc.double({ min: 1e-3, max: 1, noNaN: true }), count: fc.nat(20) }), {
          minLength: 1,
          maxLength: 4,
        }),
        (concavity, emission, miners) => {
          const kinds = miners.map((one, i) => ({ ...honest!, ...one, count: one.count + 1, name: String(i) }));
          const flat = { ...curve(1 / concavity), concavity, emission };
          assert.equal(highestPrice({ economy: flat, kinds }), 0);
          assert.equal(isSafeInAnyField(flat), true);
        },
      ),
      { seed: 11 },
    );
  });

  it("is something as soon as parts weigh more", () => {
    assert.ok(highestPrice({ economy: curve(1.99), kinds: TYPICAL_POPULATION }) > 1e-6);
    assert.equal(isSafeInAnyField(curve(1.99)), false);
  });
});

describe("the default economy", () => {
  const scenario = { economy: TYPICAL_ECONOMY, kinds: TYPICAL_POPULATION };
  it("asks no price of an identity, in its population or any other", () => {
    assert.equal(highestPrice(scenario), 0);
    assert.equal(isSafeInAnyField(TYPICAL_ECONOMY), true);
    assert.equal(isSafeInAnyField({ ...TYPICAL_ECONOMY, concavity: 0.3 }), false);
  });

  it("asks as much as the copies that the gate may miss could gain, which is less than its identities cost", () => {
    const price = copyPriceInAnyField(TYPICAL_ECONOMY)!;
    assert.ok(Math.abs(price - 0.0005) < 1e-12, String(price));
    assert.ok(price < TYPICAL_ECONOMY.identityCost);
    assert.equal(copyPriceInAnyField({ ...TYPICAL_ECONOMY, duplicateRecall: 1 }), 0);
    assert.ok(copyPriceInAnyField({ ...TYPICAL_ECONOMY, duplicateRecall: 0.98 })! > TYPICAL_ECONOMY.identityCost);
    assert.ok(Math.abs(copyPriceInAnyField({ ...TYPICAL_ECONOMY, emission: 4, burn: 0.5 })! - price) < 1e-12);
    assert.equal(copyPriceInAnyField({ ...TYPICAL_ECONOMY, curve: USUAL_CURVES["top-n"] }), null);
  });

  it("would ask one if it paid by places, and nobody could say it of any population", () => {
    const curve = { curve: "top-n", n: 16, decay: { ratio: 1.15 }, floor: 0 } as const;
    const economy = { ...TYPICAL_ECONOMY, curve };
    assert.ok(highestPrice({ ...scenario, economy }) > 0.05);
    assert.equal(isSafeInAnyField(economy), null);
  });
});

describe("the payroll", () => {
  it("pays by the mean of the window: an absence costs its cycle, and no more", () => {
    const pay = createPayroll({ ...TYPICAL_ECONOMY, window: 2, curve: { curve: "proportional", exponent: 1 } }, 2);
    const close = (actual: readonly number[], expected: readonly number[]) => {
      for (const [i, value] of actual.entries()) assert.ok(Math.abs(value - expected[i]!) < 1e-3, `${actual}`);
    };
    close(pay([1, 1]).income, [0.5, 0.5]);
    close(pay([1, null]).income, [2 / 3, 1 / 3]);
    close(pay([1, 1]).income, [2 / 3, 1 / 3]);
    close(pay([1, 1]).income, [0.5, 0.5]);
    close(pay([0, 0]).income, [0.5, 0.5]);
    close(pay([0, 0]).income, [0, 0]);
  });
});

describe("gini", () => {
  it("is 0 when all have the same, towards 1 when one has all, and never outside", () => {
    assert.equal(gini([3, 3, 3]), 0);
    assert.equal(gini([]), 0);
    assert.ok(Math.abs(gini([0, 0, 0, 1]) - 0.75) < 1e-12);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (incomes) => {
        const value = gini(incomes);
        assert.ok(value >= -1e-9 && value < 1);
      }),
      { seed: 5 },
    );
  });
});
