import assert from "node:assert/strict";
import { it } from "node:test";
import { neuronOf } from "#bench/dashboard/neuron.js";
import { neuronLines } from "#cli/commands/metagraph.js";

const neuron = (uid: number, hotkey: string) => neuronOf({ uid, hotkey, lastUpdate: 90, registeredAt: 1 });

const found = { netuid: 1, block: 100, ownerHotkey: "5Owner", neurons: [neuron(0, "5Ann"), neuron(1, "5Bob")] };

it("a metagraph has each hotkey's group where the subnet has several, and no such column where it has one", () => {
  const groups = new Map([["5Ann", "math"]]);
  const [, , heading, ann, bob] = neuronLines(found, groups).map((line) => line.trim().split(/ +/));
  assert.deepEqual([heading![1], ann![1], bob![1]], ["GROUP", "math", "-"]);
  assert.equal(ann!.length, heading!.length - 1, "without a permit that column is empty");
  assert.ok(!neuronLines(found, null)[2]!.includes("GROUP"));
});
