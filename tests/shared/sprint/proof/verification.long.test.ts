import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom, type Random } from "#shared/data/random.js";
import { sha256 } from "#shared/protocol/hash.js";
import { binomialInterval } from "#shared/sprint/proof/binomial.js";
import { FIXED_TESTS, isRejected } from "#shared/sprint/proof/fixed-tests.js";
import { sampleWins } from "#shared/sprint/proof/sample.js";
import { NO_TRIALS, SPRTS, sprtVerdict } from "#shared/sprint/proof/sprt.js";
import { isProbable } from "#shared/sprint/proof/wins-check.js";
import { winsWeight } from "#shared/sprint/proof/wins-weight.js";
import type { Sprt } from "#shared/util/sprt-steps.js";
import { sprtPower } from "./sprt-power.js";

const HOSTS = 10_000;

/** Fails where so many events are a surprise at 99.9 % for something of that probability. */
const assertRate = (events: number, trials: number, computed: number, what: string): void => {
  const [low, high] = binomialInterval(events, trials, 0.999);
  assert.ok(
    low <= computed && computed <= high,
    `${what}: ${events} of ${trials} is ${events / trials}, computed ${computed}`,
  );
};

/** How many of `trials` items with probability `rate` each, by the distances between them. */
const binomial = (random: Random, trials: number, rate: number): number => {
  let count = 0;
  for (let at = 0; ; count++) {
    at += 1 + Math.floor(Math.log(1 - random.next()) / Math.log1p(-rate));
    if (at > trials) return count;
  }
};

describe("measured over simulated hosts, the error rates are the computed ones", () => {
  for (const [name, test] of Object.entries(FIXED_TESTS)) {
    it(`${name}: ${HOSTS} cheats, whose false items stand where they like, and a million honest hosts`, () => {
      const wins = 2 ** 20;
      const isFalse = (index: number) => index < test.cheat * wins;
      let passed = 0;
      for (let host = 0; host < HOSTS; host++) {
        const proofHash = sha256(Buffer.from(`${name}/${host}`));
        const sample = sampleWins({ seed: "5".repeat(64), verifier: "5Verifier", proofHash, wins, size: test.size });
        if (!isRejected(test, sample.filter(isFalse).length)) passed++;
      }
      assertRate(passed, HOSTS, test.beta, "β");

      const random = createRandom(`honest/${name}`);
      let rejected = 0;
      for (let host = 0; host < 1_000_000; host++)
        if (isRejected(test, binomial(random, test.size, test.honest))) rejected++;
      assertRate(rejected, 1_000_000, test.alpha, "α");
    });
  }

  /** Verdicts of a test on hosts of one rate. */
  const judge = (test: Sprt, rate: number, random: Random) => {
    let [bad, trials, squares] = [0, 0, 0];
    for (let host = 0; host < HOSTS; host++) {
      let state = NO_TRIALS;
      let verdict = sprtVerdict(test, state);
      while (verdict === "open") {
        const mismatches = state.mismatches + (random.next() < rate ? 1 : 0);
        state = { trials: state.trials + 1, mismatches };
        verdict = sprtVerdict(test, state);
      }
      if (verdict === "bad") bad++;
      trials += state.trials;
      squares += state.trials ** 2;
    }
    const mean = trials / HOSTS;
    return { bad, mean, error: Math.sqrt((squares / HOSTS - mean ** 2) / HOSTS) };
  };

  for (const [name, test] of Object.entries(SPRTS)) {
    it(`sequential ${name}: ${HOSTS} honest hosts and ${HOSTS} cheats`, () => {
      const random = createRandom(`sprt/${name}`);
      for (const rate of [test.honest, test.cheat]) {
        const measured = judge(test, rate, random);
        const computed = sprtPower(test, rate);
        assertRate(measured.bad, HOSTS, computed.bad, `bad at ${rate}`);
        const off = Math.abs(measured.mean - computed.meanTrials) / measured.error;
        assert.ok(off < 3.3, `${measured.mean} trials at ${rate}, computed ${computed.meanTrials}`);
      }
    });
  }

  it(`weights: the interval of 95 % holds the nonces of at least 95 % of ${HOSTS} hosts, and z clears them`, () => {
    const random = createRandom("weights");
    const [nonces, difficulty] = [24_000, 60];
    const intervals = new Map<number, boolean>();
    let [held, improbable] = [0, 0];
    for (let host = 0; host < HOSTS; host++) {
      const wins = binomial(random, nonces, 1 / difficulty);
      if (!intervals.has(wins)) {
        const { low, high } = winsWeight(wins, difficulty);
        intervals.set(wins, low <= nonces && nonces <= high);
      }
      if (intervals.get(wins)) held++;
      if (!isProbable({ wins, nonces, difficulty })) improbable++;
    }
    assert.ok(binomialInterval(held, HOSTS, 0.999)[1] >= 0.95, `${held} of ${HOSTS}`);
    assert.ok(held < 0.97 * HOSTS, `${held}: the interval is too wide`);
    assert.ok(improbable <= 4, `${improbable} honest hosts have |z| > 4`);
  });
});
