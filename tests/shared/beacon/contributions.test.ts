import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { contributionHash, parseContribution, readContribution } from "#shared/beacon/contributions/contribution.js";
import { chooseContributors } from "#shared/beacon/contributions/contributors.js";
import { mixOpenings } from "#shared/beacon/contributions/mix.js";
import { readOpening, SEALED_BYTES, sealOpening } from "#shared/beacon/contributions/seal.js";
import { weakerValue } from "#shared/beacon/fallback.js";
import { assignSlots } from "#shared/beacon/group/slots.js";
import { lastBlockInTime } from "#shared/beacon/timed-blocks.js";
import { isWeaker } from "#shared/beacon/value.js";
import { valueText } from "#shared/beacon/value-text.js";
import { createRandom } from "#shared/data/random.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { mean } from "#shared/util/mean.js";
import { localContribution } from "#tests/support/local-signing.js";
import { checkSchedule } from "./check-schedule.js";
import { realCrypto, standInCrypto } from "./crypto.js";
import type { Behaviour } from "./schedules.js";
import { CYCLE, NETWORK } from "./simulated-chain.js";

const name = { network: NETWORK, cycle: CYCLE };
const ROUND = 1000;
const { publicKey } = realCrypto;
const alice = realCrypto.signer("Alice");
const bob = realCrypto.signer("Bob");
const sealed = sealOpening({ ...name, hotkey: alice.address, round: ROUND, publicKey });
const contribution = localContribution({ ...name, round: ROUND, sealed }, alice);
const expected = { ...name, hotkey: alice.address, round: ROUND };
const open = realCrypto.timelock.opener(realCrypto.pulse(ROUND));
const problemOf = (read: { readonly ok: boolean; readonly problem?: string }) => (read.ok ? null : read.problem);

describe("a sealed contribution", () => {
  it("opens with its round's pulse for its own hotkey, cycle and network alone", () => {
    assert.equal(sealed.length, SEALED_BYTES);
    const opened = readOpening(sealed, expected, open);
    assert.ok(opened.ok && opened.value.length === 32);
    const another = "its seal is of another hotkey, cycle or network";
    assert.equal(problemOf(readOpening(sealed, { ...expected, hotkey: bob.address }, open)), another);
    assert.equal(problemOf(readOpening(sealed, { ...expected, cycle: CYCLE + 1 }, open)), another);
    assert.equal(problemOf(readOpening(sealed, { ...expected, network: "0".repeat(64) }, open)), another);
    const early = realCrypto.timelock.opener(realCrypto.pulse(ROUND - 1));
    assert.equal(problemOf(readOpening(sealed, expected, early)), "the pulse does not open its seal");
    const short = problemOf(readOpening(sealed, expected, () => new Uint8Array(63)));
    assert.equal(short, "its seal does not hold an opening");
  });

  it("is read as its hotkey signed it, and refused with a reason", () => {
    const bytes = canonicalBytes(contribution);
    assert.deepEqual(readContribution(bytes, expected, realCrypto.verify), { ok: true, value: contribution });
    assert.equal(sha256(bytes), contributionHash(contribution));
    const cases = [
      [{ ...expected, network: "0".repeat(64) }, "its contribution is to another network"],
      [{ ...expected, cycle: 9 }, `its contribution is to cycle ${CYCLE}`],
      [{ ...expected, hotkey: bob.address }, "its contribution is another hotkey's"],
      [{ ...expected, round: 7 }, `its contribution opens with round ${ROUND}, not 7`],
    ] as const;
    for (const [other, why] of cases) assert.equal(problemOf(readContribution(bytes, other, realCrypto.verify)), why);
    const forged = canonicalBytes({ ...contribution, hotkey: bob.address });
    const ofBob = { ...expected, hotkey: bob.address };
    assert.match(`${problemOf(readContribution(forged, ofBob, realCrypto.verify))}`, /not signed by its hotkey/);
  });

  it("never makes a parser or an opener throw", () => {
    const bytes = Buffer.from(canonicalBytes(contribution));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.uint8Array({ maxLength: 4 }), fc.nat(4), (at, put, cut) => {
        const changed = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
        const parsed = parseContribution(changed);
        if (parsed.ok) assert.deepEqual(Buffer.from(canonicalBytes(parsed.value)), changed);
        else assert.match(parsed.problem, /^[\x20-\x7e]{1,200}$/);
      }),
      { seed: 1, numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: SEALED_BYTES, maxLength: SEALED_BYTES }), (noise) => {
        assert.equal(readOpening(noise, expected, open).ok, false);
      }),
      { seed: 2, numRuns: 30 },
    );
  });
});

describe("contributors and slots", () => {
  const weights = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,6}$/), fc.double({ min: -10, max: 1e12 })), {
    selector: ([hotkey]) => hotkey,
    maxLength: 100,
  });

  it("are the fewest heaviest hotkeys with two thirds of the weight, in any order of the input", () => {
    fc.assert(
      fc.property(weights, (of) => {
        const chosen = chooseContributors(of);
        assert.deepEqual(chooseContributors([...of].reverse()), chosen);
        assert.ok(chosen.length <= 64);
        const whole = new Map(
          of.filter(([, weight]) => weight >= 1).map(([hotkey, weight]) => [hotkey, Math.floor(weight)]),
        );
        const sum = (hotkeys: Iterable<string>) =>
          [...hotkeys].reduce((total, one) => total + BigInt(whole.get(one)!), 0n);
        const all = sum(whole.keys());
        const least = Math.min(...chosen.map((one) => whole.get(one)!));
        if (chosen.length < 64) assert.ok(3n * sum(chosen) >= 2n * all);
        assert.ok([...whole].every(([hotkey, weight]) => chosen.includes(hotkey) || weight <= least));
      }),
      { seed: 3 },
    );
    assert.deepEqual(
      chooseContributors([
        ["a", Number.NaN],
        ["b", Number.POSITIVE_INFINITY],
        ["c", 0.9],
      ]),
      [],
    );
  });

  it("share out every slot, each within one of its share", () => {
    fc.assert(
      fc.property(weights, (of) => {
        const slots = assignSlots(of, 128);
        const all = [...slots.values()].flat();
        if (slots.size > 0)
          assert.deepEqual(
            all,
            Array.from({ length: 128 }, (_, i) => i + 1),
          );
        const whole = of
          .filter(([, weight]) => weight >= 1)
          .map(([hotkey, weight]) => [hotkey, Math.floor(weight)] as const);
        const total = whole.reduce((sum, [, weight]) => sum + weight, 0);
        for (const [hotkey, weight] of whole)
          assert.ok(Math.abs((slots.get(hotkey)?.length ?? 0) - (128 * weight) / total) < 1 + 1e-9);
      }),
      { seed: 4 },
    );
  });
});

describe("the last block in time", () => {
  it("is found in few reads of ascending timestamps", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 40 }), fc.nat(60), async (gaps, time) => {
        const times = gaps.map((_, i) => gaps.slice(0, i + 1).reduce((a, b) => a + b, 0));
        let reads = 0;
        const range = { start: 100, end: 100 + times.length };
        const found = await lastBlockInTime(
          range,
          (stamp) => stamp <= time,
          async (block) => {
            reads++;
            return times[block - 100]!;
          },
        );
        const last = times.findLastIndex((stamp) => stamp <= time);
        assert.equal(found, last < 0 ? null : 100 + last);
        assert.ok(reads <= 6);
      }),
      { seed: 5 },
    );
  });
});

describe("a cycle of contributions", () => {
  const run = (behaviours: readonly Behaviour[]) =>
    checkSchedule({ crypto: standInCrypto, seed: behaviours.join(), behaviours, isCalm: true });
  const whyOf = async (behaviour: Behaviour) => {
    const { dropped, contributors } = await run(["honest", "honest", "honest", behaviour]);
    assert.equal(contributors.length, 3);
    assert.equal(dropped.length, 1);
    return dropped[0]!.why;
  };

  it("agrees or falls back in schedules of missing, late and malformed contributions", async () => {
    for (let n = 0; n < 60; n++) await checkSchedule({ crypto: standInCrypto, seed: `quick ${n}` });
  });

  it("mixes every honest opening, with drand's own timelock too", async () => {
    const behaviours = ["honest", "honest", "copied"] as const;
    const value = await checkSchedule({ crypto: realCrypto, seed: "real", behaviours, isCalm: true });
    assert.deepEqual([value.origin, isWeaker(value)], ["contributions", false]);
  });

  it("leaves the thread to others after each opening", async () => {
    let turn = 0;
    let isOver = false;
    const count = () => {
      turn++;
      if (!isOver) setImmediate(count);
    };
    let readers = 0;
    const openedIn = new Map<number, number>();
    const timelock = {
      ...standInCrypto.timelock,
      opener: (pulse: Uint8Array) => {
        readers++;
        const opened = standInCrypto.timelock.opener(pulse);
        return (sealed: Uint8Array) => {
          openedIn.set(turn, (openedIn.get(turn) ?? 0) + 1);
          return opened(sealed);
        };
      },
    };
    const behaviours = Array.from({ length: 5 }, () => "honest" as const);
    count();
    await checkSchedule({ crypto: { ...standInCrypto, timelock }, seed: "turns", behaviours, isCalm: true });
    isOver = true;
    assert.ok(
      Math.max(...openedIn.values()) <= readers,
      `${[...openedIn.values()]} openings a turn, ${readers} readers`,
    );
  });

  it("falls back where nobody contributes, and says so", async () => {
    const value = await run(["silent", "garbage", "late"]);
    assert.deepEqual([value.origin, isWeaker(value), value.contributors], ["pulse", true, []]);
    assert.equal(value.dropped.length, 3);
  });

  it("has a reason for each contribution that does not count", async () => {
    const unheld = "not held by a majority of the stake before the pulse";
    const reasons: Partial<Record<Behaviour, string>> = {
      silent: "no seal on chain in time",
      late: "no seal on chain in time",
      garbage: unheld,
      forged: unheld,
      "wrong round": unheld,
      unsealable: "the pulse does not open its seal",
      copied: "its seal is of another hotkey, cycle or network",
    };
    const found: Record<string, string> = {};
    for (const behaviour of Object.keys(reasons) as Behaviour[]) found[behaviour] = await whyOf(behaviour);
    assert.deepEqual(found, reasons);
  });
});

describe("a value in one line", () => {
  it("says who is in it, who is not and why, and marks a fallback", () => {
    const value = "ab".repeat(32);
    const dropped = [{ hotkey: "5Gone", why: "no seal on chain in time" }];
    assert.equal(
      valueText({ value, origin: "contributions", contributors: ["5A", "5B"], dropped }),
      "abababababab of contributions of 5A, 5B · without 5Gone: no seal on chain in time",
    );
    const weaker = valueText({ value, origin: "pulse", contributors: [], dropped: [] });
    assert.equal(weaker, "abababababab of a pulse and a block hash alone · a fallback, which is weaker");
    assert.match(
      valueText({ value, origin: "blocks", contributors: [], dropped }),
      /block hashes alone .* weaker .* 5Gone/,
    );
    assert.match(
      valueText({ value, origin: "group", contributors: ["5A"], dropped: [] }),
      /signature of a threshold group that 5A formed$/,
    );
  });
});

describe("a block producer that chooses among 16 hashes", () => {
  const HASHES = 16;
  const TRIALS = 400;
  const random = createRandom("beacon/producer");
  const fresh = (bytes: number) => Uint8Array.from({ length: bytes }, () => random.below(256));
  const hash = () => sha256(fresh(32));
  /** What it wants low, as a fraction of 1: uniform if it cannot choose. */
  const fractionOf = (value: string) => Number.parseInt(value.slice(0, 12), 16) / 2 ** 48;
  const best = (outcomeOf: (blockHash: string) => string) => {
    const candidates = Array.from({ length: HASHES }, hash);
    return candidates
      .map((one) => ({ one, fraction: fractionOf(outcomeOf(one)) }))
      .sort((a, b) => a.fraction - b.fraction)[0]!;
  };
  const blocksValue = (blockHash: string) =>
    weakerValue({ ...name, pulse: null, blocks: [blockHash], dropped: [] }).value;

  it("has its way with block hashes, and nothing with contributions that it cannot open", () => {
    const chosen: number[] = [];
    const blind: number[] = [];
    for (let trial = 0; trial < TRIALS; trial++) {
      chosen.push(best(blocksValue).fraction);
      // It has contributed itself, knows its own opening and guesses the others' and the pulse.
      const own = fresh(32);
      const mix = (blockHash: string, pulse: Uint8Array, others: Uint8Array) =>
        mixOpenings({
          ...name,
          pulse,
          blockHash,
          openings: new Map([
            ["a", own],
            ["b", others],
          ]),
        });
      const [guessedPulse, guessed] = [fresh(48), fresh(32)];
      const { one } = best((blockHash) => mix(blockHash, guessedPulse, guessed));
      blind.push(fractionOf(mix(one, fresh(48), fresh(32))));
    }
    // Expected: 1/17 of the least of 16, with a standard error of 0.003; 1/2 of a uniform one, with 0.0144.
    assert.ok(Math.abs(mean(chosen) - 1 / (HASHES + 1)) < 0.012, `${mean(chosen)}`);
    assert.ok(Math.abs(mean(blind) - 1 / 2) < 0.058, `${mean(blind)}`);
  });
});
