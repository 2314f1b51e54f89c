import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type EpochInput, type EpochNeuron, yumaEpoch } from "#shared/chain/yuma/epoch.js";
import { divide, maxUpscaleU16, multiply, ONE, share, shares, toU16 } from "#shared/chain/yuma/fixed-point.js";

const TOKEN = 1_000_000_000n;
const neuron = (part: Partial<EpochNeuron> = {}): EpochNeuron => ({
  stake: 0n,
  permit: false,
  lastUpdate: 50,
  registeredAt: 0,
  weights: [],
  bonds: [],
  ...part,
});
const validator = (stake: bigint, weights: EpochNeuron["weights"], part: Partial<EpochNeuron> = {}): EpochNeuron =>
  neuron({ stake: stake * TOKEN, permit: true, weights, ...part });
const epoch = (neurons: readonly EpochNeuron[], part: Partial<EpochInput> = {}) =>
  yumaEpoch({
    block: 100,
    tempo: 10,
    activityCutoff: 5000,
    kappa: 32767,
    bondsMovingAverage: 900_000,
    bondsPenalty: 65535,
    maxValidators: 64,
    stakeThreshold: 0n,
    ownerUid: undefined,
    emission: 10n * TOKEN,
    neurons,
    ...part,
  });

describe("fixed point", () => {
  it("rounds products and quotients down, digit for digit what 32.32 in a bigint gives", () => {
    assert.equal(multiply(ONE / 2, 1), 0);
    assert.equal(divide(1, ONE), 1);
    assert.equal(divide(ONE, 0), 0);
    assert.equal(toU16(ONE), 65535);
    assert.equal(toU16(ONE - 1), 65534);
    assert.deepEqual(shares([1n, 1n, 1n]), new Array(3).fill(Math.floor(ONE / 3)));
    assert.deepEqual(shares([0n, 0n]), [0, 0]);
    const value = fc.integer({ min: 0, max: 4 * ONE });
    fc.assert(
      fc.property(value, fc.integer({ min: -ONE, max: 4 * ONE }), (a, b) => {
        assert.equal(BigInt(multiply(a, b)), (BigInt(a) * BigInt(b)) >> 32n);
      }),
      { seed: 293, numRuns: 2000 },
    );
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 4 * ONE }), (a, b) => {
        const exact = (BigInt(a) << 32n) / BigInt(b);
        if (exact < 1n << 52n) assert.equal(divide(a, b), Number(exact));
      }),
      { seed: 293, numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 20 - 1 }), fc.integer({ min: 1, max: 2 ** 28 }), (part, whole) => {
        assert.equal(share(part, whole), Number((BigInt(part) << 32n) / BigInt(whole)));
      }),
      { seed: 293, numRuns: 2000 },
    );
  });

  it("max-upscales a row of weights to 65535", () => {
    assert.deepEqual(maxUpscaleU16([1, 2, 0]), [32768, 65535, 0]);
    // Above 32768 the runtime divides first, and the quotient's lost digits make the half round down.
    assert.deepEqual(maxUpscaleU16([40000, 20000]), [65535, 32767]);
    assert.deepEqual(maxUpscaleU16([0, 0]), [0, 0]);
    assert.deepEqual(maxUpscaleU16([]), []);
  });
});

describe("Yuma epoch", () => {
  it("gives what the real runtime gave for one validator with weights 65535, 20000, 0", () => {
    const weights = [
      [2, 65535],
      [3, 20000],
      [4, 0],
    ] as const;
    const result = epoch([neuron(), validator(1000n, weights), neuron(), neuron(), neuron()]);
    assert.deepEqual(
      result.map(({ incentive }) => incentive),
      [0, 0, 50211, 15323, 0],
    );
    assert.deepEqual(
      result.map(({ dividends }) => dividends),
      [0, 65535, 0, 0, 0],
    );
    assert.deepEqual(
      result.map(({ consensus }) => consensus),
      [0, 0, 50211, 15323, 0],
    );
    assert.equal(result[1]!.validatorTrust, 65534);
    assert.deepEqual(result[1]!.bonds, [
      [2, 65535],
      [3, 65535],
    ]);
  });

  it("splits between two equal validators as computed by hand", () => {
    // Both halves of the stake say 1/4 and 3/4: consensus and incentive are that, dividends and bonds are shared evenly.
    const weights = [
      [2, 21845],
      [3, 65535],
    ] as const;
    const [a, b, c, d] = epoch([validator(500n, weights), validator(500n, weights), neuron(), neuron()]);
    assert.deepEqual([c!.incentive, d!.incentive], [16383, 49151]);
    assert.deepEqual([a!.dividends, b!.dividends], [32767, 32767]);
    assert.equal(a!.validatorEmission, b!.validatorEmission);
    const [quarter, rest] = [c!.minerEmission, d!.minerEmission].map((amount) => Number(amount) / Number(TOKEN));
    assert.ok(Math.abs(quarter! - 1.25) < 1e-6 && Math.abs(rest! - 3.75) < 1e-6);
  });

  it("clips a dishonest minority and pays it less than its stake", () => {
    const honest = [[3, 65535]] as const;
    const shill = [[4, 65535]] as const;
    const result = epoch([
      validator(400n, honest),
      validator(400n, honest),
      validator(200n, shill),
      neuron(),
      neuron(),
    ]);
    assert.equal(result[3]!.incentive, 65535);
    assert.equal(result[4]!.incentive, 0, "what only a minority weighs earns nothing");
    assert.equal(result[2]!.dividends, 0);
    assert.equal(result[2]!.validatorTrust, 0);
    assert.equal(result[4]!.trust, 0);
  });

  it("lets bonds remember: a validator who turns dishonest loses its dividends gradually", () => {
    const weights = [[2, 65535]] as const;
    const old = { bonds: [[2, 65535]] as const };
    const [a, b] = epoch([validator(600n, weights, old), validator(400n, [], old), neuron()]);
    assert.ok(b!.dividends > 0.4 * 65535 && b!.dividends < 0.5 * 65535);
    assert.ok(a!.dividends > b!.dividends);
  });

  it("ignores weights without permit, on oneself, and from before the target registered", () => {
    const on = (uid: number) => [[uid, 65535]] as const;
    assert.equal(epoch([neuron({ stake: TOKEN, weights: on(1) }), neuron()])[1]!.incentive, 0);
    assert.equal(epoch([validator(1n, on(0)), neuron()])[0]!.incentive, 0);
    assert.equal(epoch([validator(1n, on(0)), neuron()], { ownerUid: 0 })[0]!.incentive, 65535);
    assert.equal(epoch([validator(1n, on(1)), neuron({ registeredAt: 50 })])[1]!.incentive, 0);
    assert.equal(epoch([validator(1n, on(1)), neuron({ registeredAt: 49 })])[1]!.incentive, 65535);
  });

  it("counts no stake below the threshold nor of validators that fell silent", () => {
    const weights = [[1, 65535]] as const;
    assert.equal(epoch([validator(9n, weights), neuron()], { stakeThreshold: 10n * TOKEN })[1]!.incentive, 0);
    const silent = epoch([validator(9n, weights), neuron()], { activityCutoff: 49 });
    assert.equal(silent[1]!.incentive, 0);
    assert.equal(silent[0]!.active, false);
  });

  it("gives permits to the largest stakes that are not zero", () => {
    const stakes = [5n, 0n, 7n, 6n];
    const result = epoch(
      stakes.map((stake) => neuron({ stake })),
      { maxValidators: 2 },
    );
    assert.deepEqual(
      result.map(({ permit }) => permit),
      [false, false, true, true],
    );
    assert.deepEqual(
      epoch(stakes.map((stake) => neuron({ stake }))).map(({ permit }) => permit),
      [true, false, true, true],
    );
  });

  it("pays validators by stake while nobody sets weights, and nobody where there is no stake", () => {
    const idle = epoch([validator(300n, []), validator(100n, []), neuron()]);
    assert.deepEqual(
      idle.map(({ validatorEmission }) => validatorEmission),
      [7_500_000_000n, 2_500_000_000n, 0n],
    );
    for (const { emission } of epoch([neuron(), neuron()])) assert.equal(emission, 0n);
    assert.deepEqual(epoch([]), []);
  });

  const someEpoch = fc.integer({ min: 2, max: 7 }).chain((n) => {
    const row = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: n - 1 }), fc.integer({ min: 0, max: 65535 })), {
      selector: ([uid]) => uid,
      maxLength: n,
    });
    return fc.array(
      fc.record({
        stake: fc.bigInt({ min: 0n, max: 10n ** 18n }),
        permit: fc.boolean(),
        lastUpdate: fc.integer({ min: 0, max: 99 }),
        registeredAt: fc.integer({ min: 0, max: 99 }),
        weights: row,
        bonds: row,
      }),
      { minLength: n, maxLength: n },
    );
  });

  it("never pays out more than it has, and keeps every share within one", () => {
    fc.assert(
      fc.property(someEpoch, (neurons) => {
        const results = epoch(neurons);
        const sum = (key: "minerEmission" | "validatorEmission" | "emission") =>
          results.reduce((total, result) => total + result[key], 0n);
        assert.ok(sum("minerEmission") + sum("validatorEmission") <= 10n * TOKEN);
        assert.ok(sum("emission") <= 10n * TOKEN);
        for (const key of ["incentive", "dividends"] as const) {
          const total = results.reduce((all, result) => all + result[key], 0);
          assert.ok(total <= 65535 && (total === 0 || total > 65535 - neurons.length - 1), `${key} sums to ${total}`);
        }
      }),
      { seed: 293, numRuns: 300 },
    );
  });

  it("knows no order: renumbering the uids renumbers the results", () => {
    fc.assert(
      fc.property(someEpoch, fc.infiniteStream(fc.nat()), (neurons, draws) => {
        const order = neurons.map((_, uid) => uid).sort((a, b) => a - b);
        for (let i = order.length - 1; i > 0; i--) {
          const j = draws.next().value % (i + 1);
          [order[i], order[j]] = [order[j]!, order[i]!];
        }
        const newUid = (uid: number) => order.indexOf(uid);
        const renumber = (row: EpochNeuron["weights"]) =>
          row.map(([uid, value]) => [newUid(uid), value] as const).sort(([a], [b]) => a - b);
        const moved = order.map((uid) => {
          const from = neurons[uid]!;
          return { ...from, weights: renumber(from.weights), bonds: renumber(from.bonds) };
        });
        const before = epoch(neurons);
        const after = epoch(moved);
        order.forEach((uid, to) => {
          for (const key of ["incentive", "dividends", "consensus", "validatorTrust"] as const) {
            // Sums round down in the order of the uids, so the last digit may differ.
            assert.ok(Math.abs(before[uid]![key] - after[to]![key]) <= 1, `${key} of uid ${uid}`);
          }
        });
      }),
      { seed: 293, numRuns: 300 },
    );
  });

  it("pays nothing to a miner whom every validator gives zero", () => {
    fc.assert(
      fc.property(someEpoch, (neurons) => {
        const last = neurons.length - 1;
        const shunned = neurons.map((one) => ({ ...one, weights: one.weights.filter(([uid]) => uid !== last) }));
        const result = epoch(shunned)[last]!;
        assert.equal(result.incentive, 0);
        assert.equal(result.minerEmission, 0n);
      }),
      { seed: 293, numRuns: 100 },
    );
  });
});
