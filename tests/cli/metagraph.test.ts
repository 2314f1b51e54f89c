import assert from "node:assert/strict";
import { it } from "node:test";
import { neuronLines } from "#cli/commands/metagraph.js";
import type { Neuron } from "#shared/chain/chain.js";

const neuron = (uid: number, hotkey: string): Neuron => ({
  uid,
  hotkey,
  coldkey: "5Cold",
  stake: 0n,
  validatorPermit: false,
  active: true,
  rank: 0,
  trust: 0,
  validatorTrust: 0,
  incentive: 0,
  consensus: 0,
  dividends: 0,
  emission: 0n,
  lastUpdate: 90,
  registeredAt: 1,
  axon: null,
});

const found = { netuid: 1, block: 100, ownerHotkey: "5Owner", neurons: [neuron(0, "5Ann"), neuron(1, "5Bob")] };

it("a metagraph has each hotkey's group where the subnet has several, and no such column where it has one", () => {
  const groups = new Map([["5Ann", "math"]]);
  const [, , heading, ann, bob] = neuronLines(found, groups).map((line) => line.trim().split(/ +/));
  assert.deepEqual([heading![1], ann![1], bob![1]], ["GROUP", "math", "-"]);
  assert.equal(ann!.length, heading!.length - 1, "without a permit that column is empty");
  assert.ok(!neuronLines(found, null)[2]!.includes("GROUP"));
});
