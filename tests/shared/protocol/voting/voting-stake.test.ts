import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { createRandom } from "#shared/data/random.js";
import { encodeRecord } from "#shared/protocol/records.js";
import { isMajority, sumStake } from "#shared/protocol/voting/stake.js";
import { votingStakes } from "#shared/protocol/voting/voting-stake.js";
import { loadVectors } from "../vectors.js";

const {
  networkHash,
  voting: rules,
  cases,
} = loadVectors(
  "voting-stake",
  z.object({
    networkHash: z.string(),
    voting: z.object({ silent_after: z.number(), quorum: z.number() }),
    cases: z.array(
      z.object({
        about: z.string(),
        cycle: z.number(),
        first_cycle: z.number().optional(),
        begins: z.number().optional(),
        neurons: z.array(z.object({ hotkey: z.string(), stake: z.string(), validatorPermit: z.boolean() })),
        commitments: z.array(z.object({ hotkey: z.string(), data: z.string() })),
        stakes: z.record(z.string(), z.string()),
      }),
    ),
  }),
);

const network = { voting: rules, first_cycle: 0 };
const succeeds = { network: "f".repeat(64), origin: "f".repeat(64) };

test("vectors: the stake that votes", () => {
  for (const { about, cycle, first_cycle, begins = 0, neurons, commitments, stakes } of cases) {
    const file =
      first_cycle === undefined ? { ...network, first_cycle: begins } : { ...network, first_cycle, succeeds };
    const state = { neurons: neurons.map((neuron) => ({ ...neuron, stake: BigInt(neuron.stake) })), commitments };
    assert.deepEqual(
      Object.fromEntries(votingStakes(state, { networkHash, cycle, network: file })),
      Object.fromEntries(Object.entries(stakes).map(([hotkey, stake]) => [hotkey, BigInt(stake)])),
      about,
    );
  }
});

const net8 = networkHash.slice(0, 8);
const commitOf = (cycle: number) => encodeRecord({ type: "commit", network: net8, cycle, commitment: "0".repeat(64) });
const heldOf = (cycle: number) => encodeRecord({ type: "held", network: net8, cycle, held: [] });

test("over hundreds of cycles, earners' permits and silent validators leave a majority to those who validate", () => {
  const random = createRandom("voting stake");
  const validators = ["vera", "vito", "vlad"];
  const stakes = new Map([
    ["vera", 3000n],
    ["vito", 2500n],
    ["vlad", 2000n],
    ["owner", 10n],
    ...Array.from({ length: 8 }, (_, i) => [`miner ${i}`, 10n] as const),
  ]);
  const latest = new Map([
    ["owner", encodeRecord({ type: "network", network: net8, hash: networkHash, location: "http://a" })],
  ]);
  let goneUntil = new Map<string, number>();
  for (let cycle = 1; cycle <= 600; cycle++) {
    // What is earned is staked: the rest of the permitted stake is above the validators' in the end.
    for (const [hotkey, stake] of stakes) if (!validators.includes(hotkey)) stakes.set(hotkey, stake + 3n);
    if (random.below(40) === 0) {
      const who = validators[random.below(3)]!;
      if (goneUntil.size === 0) goneUntil = new Map([[who, cycle + 1 + random.below(40)]]);
    }
    for (const [who, end] of goneUntil) if (cycle >= end) goneUntil.delete(who);
    const present = validators.filter((who) => !goneUntil.has(who));
    for (const hotkey of stakes.keys()) if (hotkey.startsWith("miner")) latest.set(hotkey, commitOf(cycle));
    for (const who of present) latest.set(who, heldOf(cycle));
    const state = {
      neurons: [...stakes].map(([hotkey, stake]) => ({ hotkey, stake, validatorPermit: true })),
      commitments: [...latest].map(([hotkey, data]) => ({ hotkey, data })),
    };
    const voting = votingStakes(state, { networkHash, cycle, network });
    for (const who of present) assert.ok(voting.has(who), `${who} votes in cycle ${cycle}, as soon as it is back`);
    for (const hotkey of voting.keys()) assert.ok(validators.includes(hotkey), `${hotkey} never votes`);
    const here = sumStake(present.map((who) => stakes.get(who)!));
    assert.ok(isMajority(here, voting), `there is a majority in cycle ${cycle}`);
    const [away] = goneUntil.keys();
    if (away !== undefined && (goneUntil.get(away) ?? 0) - cycle === 1 && !voting.has(away))
      assert.equal(sumStake(voting.values()), here, "who is silent for long does not count");
  }
  const earned = sumStake([...stakes].flatMap(([hotkey, stake]) => (validators.includes(hotkey) ? [] : [stake])));
  assert.ok(earned > 7500n, "by permits alone there would be no majority left");
});

test("after a silence of all, nobody votes alone whose stake is less than the quorum of what is known", () => {
  const stakes = { vera: 50n, vito: 30n, vick: 19n, tiny: 1n, miner: 900n };
  const neurons = Object.entries(stakes).map(([hotkey, stake]) => ({ hotkey, stake, validatorPermit: true }));
  const votersIn = (cycle: number, latest: Readonly<Record<string, number>>) => {
    const commitments = Object.entries({ vera: 10, vito: 10, vick: 10, tiny: 10, ...latest }).map(([hotkey, of]) => ({
      hotkey,
      data: heldOf(of),
    }));
    commitments.push({ hotkey: "miner", data: commitOf(cycle) });
    return [...votingStakes({ neurons, commitments }, { networkHash, cycle, network }).keys()];
  };
  const all = ["vera", "vito", "vick", "tiny"];
  assert.deepEqual(votersIn(30, {}), all, "all are silent: what they stopped with is what votes");
  assert.deepEqual(votersIn(30, { tiny: 30 }), all, "the first one back is not the network");
  assert.deepEqual(votersIn(30, { tiny: 30, vick: 30 }), all);
  assert.deepEqual(
    votersIn(31, { tiny: 30, vito: 31 }),
    ["vito", "tiny"],
    "with a quarter of it back the network goes on",
  );
  assert.deepEqual(votersIn(31, { tiny: 30, vito: 31, vera: 31 }), ["vera", "vito", "tiny"]);
});

test("at the beginning nobody votes alone whose stake is less than the quorum of all that may vote", () => {
  const stakes = { eve: 10n, vera: 50n, vito: 40n };
  const neurons = Object.entries(stakes).map(([hotkey, stake]) => ({ hotkey, stake, validatorPermit: true }));
  const votersIn = (cycle: number, latest: Readonly<Record<string, number>>) => {
    const commitments = Object.entries(latest).map(([hotkey, of]) => ({ hotkey, data: heldOf(of) }));
    const file = { ...network, first_cycle: 100 };
    return [...votingStakes({ neurons, commitments }, { networkHash, cycle, network: file }).keys()];
  };
  const all = ["eve", "vera", "vito"];
  assert.deepEqual(votersIn(100, { eve: 100 }), all, "the first one to begin is not the network");
  assert.deepEqual(votersIn(101, { eve: 101, vito: 101 }), ["eve", "vito"], "with a quarter of it the network goes on");
  assert.deepEqual(votersIn(107, { eve: 107 }), all);
  assert.deepEqual(votersIn(108, { eve: 108 }), ["eve"], "who has not begun by then counts in no majority");
});

test("three quarters of the stake may be gone for ever", () => {
  const neurons = [
    { hotkey: "vera", stake: 25n, validatorPermit: true },
    { hotkey: "gone", stake: 75n, validatorPermit: true },
  ];
  const commitments = [
    { hotkey: "vera", data: heldOf(100) },
    { hotkey: "gone", data: heldOf(1) },
  ];
  const voters = (quorum: number) => [
    ...votingStakes(
      { neurons, commitments },
      { networkHash, cycle: 100, network: { ...network, voting: { ...rules, quorum } } },
    ).keys(),
  ];
  assert.deepEqual(voters(0.25), ["vera"]);
  assert.deepEqual(voters(0.26), ["vera", "gone"]);
  assert.deepEqual(voters(0), ["vera"]);
});
