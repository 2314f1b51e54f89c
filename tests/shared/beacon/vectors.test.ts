import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { chainWeights } from "#shared/beacon/contributions/chain-weights.js";
import { contributionHash, parseContribution } from "#shared/beacon/contributions/contribution.js";
import { chooseContributors } from "#shared/beacon/contributions/contributors.js";
import { mixOpenings } from "#shared/beacon/contributions/mix.js";
import { holdingBlocks } from "#shared/beacon/contributions/schedule.js";
import { boundOpening } from "#shared/beacon/contributions/seal.js";
import { weakerValue } from "#shared/beacon/fallback.js";
import { groupCycle, statingCycle } from "#shared/beacon/group/schedule.js";
import { assignSlots } from "#shared/beacon/group/slots.js";
import { beaconSeed, mixedEntropy } from "#shared/beacon/seed.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { hashSchema } from "#shared/protocol/hash.js";
import { phaseLengthsSchema } from "#shared/protocol/network-file/phase-lengths.js";
import { loadVectors } from "../protocol/vectors.js";
import { NETUID, PHASES, simulatedNeuron, VOTING } from "./simulated-chain.js";

const hex = z.string();
const weights = z.array(z.tuple([z.string(), z.number()]));
const range = z.object({ start: z.int(), end: z.int() });
const subject = z.union([
  z.object({ purpose: z.enum(["evaluate", "choose"]), group: z.string() }),
  z.object({ purpose: z.enum(["sprint-network", "sprint-inputs", "sprint-sample"]) }),
  z.object({ purpose: z.enum(["duty", "audit"]), subject: z.string() }),
]);

const vectors = loadVectors(
  "beacon",
  z.object({
    network: hashSchema,
    contributors: z.array(z.object({ weights, most: z.int(), contributors: z.array(z.string()) })),
    chainWeights: z.array(
      z.object({
        stakes: z.array(z.tuple([z.string(), z.coerce.bigint()])),
        incentives: z.array(z.tuple([z.string(), z.int()])),
        weights,
      }),
    ),
    slots: z.array(z.object({ weights, slots: z.int(), assigned: z.array(z.tuple([z.string(), z.array(z.int())])) })),
    windows: z.array(
      z.object({
        cycle: z.int(),
        phases: phaseLengthsSchema,
        sealing: range,
        holding: range,
        signing: range,
        deciding: z.int(),
      }),
    ),
    values: z.array(
      z.discriminatedUnion("origin", [
        z.object({
          origin: z.literal("contributions"),
          cycle: z.int(),
          pulse: hex,
          openings: z.array(z.tuple([z.string(), hex])),
          blockHash: hashSchema,
          value: hashSchema,
        }),
        z.object({ origin: z.literal("pulse"), cycle: z.int(), pulse: hex, blockHash: hashSchema, value: hashSchema }),
        z.object({ origin: z.literal("blocks"), cycle: z.int(), blocks: z.array(hashSchema), value: hashSchema }),
      ]),
    ),
    held: z.array(
      z.object({
        cycle: z.int(),
        phases: phaseLengthsSchema,
        lead: z.int(),
        times: z.array(z.int()),
        pulse: z.int(),
        until: z.int().nullable(),
      }),
    ),
    groupCycles: z.array(
      z.object({
        first_cycle: z.int(),
        every: z.int(),
        cycles: z.array(
          z.object({ cycle: z.int(), start: z.int(), step: z.string().nullable(), stating: z.int().nullable() }),
        ),
      }),
    ),
    seeds: z.array(z.object({ of: subject, cycle: z.int(), value: hashSchema, seed: hashSchema })),
    mixed: z.array(z.object({ value: hashSchema, entropy: hashSchema, mixed: hashSchema })),
    bindings: z.array(z.object({ cycle: z.int(), hotkey: z.string(), plaintext: hex })),
    documents: z.object({
      valid: z.array(z.object({ text: z.string(), hash: hashSchema })),
      invalid: z.array(z.string()),
    }),
  }),
);
const { network } = vectors;
const bytes = (text: string) => Buffer.from(text, "hex");

describe("the beacon's vectors", () => {
  it("say who contributes and who holds which slots", () => {
    for (const { weights: of, most, contributors } of vectors.contributors)
      assert.deepEqual(chooseContributors(of, most), contributors);
    for (const { weights: of, slots, assigned } of vectors.slots)
      assert.deepEqual([...assignSlots(of, slots)], assigned);
  });

  it("weigh contributors by voting stake and by incentive", () => {
    const rules = { network: { netuid: NETUID, phases: PHASES, voting: VOTING, first_cycle: 0 }, networkHash: network };
    for (const { stakes, incentives, weights: expected } of vectors.chainWeights) {
      const neurons = [
        // The incentive of one that votes does not count.
        ...stakes.map(([hotkey, stake], uid) => ({ ...simulatedNeuron({ uid, hotkey, stake }), incentive: 1 })),
        ...incentives.map(([hotkey, steps], i) => ({
          ...simulatedNeuron({ uid: stakes.length + i, hotkey, stake: 0n }),
          incentive: steps / 65_535,
        })),
      ];
      assert.deepEqual(chainWeights({ metagraph: { neurons }, commitments: [] }, rules, 3), expected);
    }
  });

  it("give the windows of a cycle", () => {
    for (const { cycle, phases, ...expected } of vectors.windows)
      assert.deepEqual(beaconWindows(cycle, phases), expected);
  });

  it("give the last block for held records, before the pulse and with a lead", async () => {
    for (const { cycle, phases, lead, times, pulse, until } of vectors.held) {
      const { holding, deciding } = beaconWindows(cycle, phases);
      const source = {
        network: { netuid: NETUID, phases, voting: VOTING, first_cycle: 0 },
        drand: { public_key: "", genesis_time: pulse, period: 1, delay: 1 },
        rules: { rounds: 2, margin: 1, most: 64, ...(lead > 0 && { lead }) },
        chain: {
          timestamp: async (block: number) => {
            assert.ok(block >= holding.start && block <= deciding, "no later block decides");
            return 1000 * times[block - holding.start]!;
          },
        },
      };
      const blocks = await holdingBlocks(source, cycle, 1);
      assert.deepEqual(blocks, until === null ? null : { start: holding.start, end: until + 1 });
    }
  });

  it("say which step of which group a cycle has, and where its group was stated", () => {
    for (const { cycles, ...schedule } of vectors.groupCycles)
      for (const { cycle, stating, ...expected } of cycles) {
        assert.deepEqual(groupCycle(cycle, schedule), expected);
        assert.equal(statingCycle(cycle, schedule), stating);
      }
  });

  it("give the value of each origin", () => {
    for (const one of vectors.values) {
      const name = { network, cycle: one.cycle };
      const value = () => {
        switch (one.origin) {
          case "contributions":
            return mixOpenings({
              ...name,
              pulse: bytes(one.pulse),
              openings: new Map(one.openings.map(([hotkey, opening]) => [hotkey, bytes(opening)])),
              blockHash: one.blockHash,
            });
          case "pulse": {
            const pulse = { signature: bytes(one.pulse), blockHash: one.blockHash };
            return weakerValue({ ...name, pulse, blocks: [], dropped: [] }).value;
          }
          case "blocks":
            return weakerValue({ ...name, pulse: null, blocks: one.blocks, dropped: [] }).value;
        }
      };
      assert.equal(value(), one.value, one.origin);
    }
  });

  it("give seeds for every purpose, also of a moment in the cycle", () => {
    for (const { of, cycle, value, seed } of vectors.seeds)
      assert.equal(beaconSeed(of, value, { network, cycle }), seed, of.purpose);
    for (const { value, entropy, mixed } of vectors.mixed) assert.equal(mixedEntropy(value, entropy), mixed);
  });

  it("bind an opening to its owner", () => {
    for (const { cycle, hotkey, plaintext } of vectors.bindings)
      assert.deepEqual(
        Buffer.from(boundOpening(bytes(plaintext).subarray(0, 32), { network, cycle, hotkey })),
        bytes(plaintext),
      );
  });

  it("show a contribution, and texts that are none", () => {
    for (const { text, hash } of vectors.documents.valid) {
      const parsed = parseContribution(Buffer.from(text));
      assert.ok(parsed.ok);
      assert.equal(contributionHash(parsed.value), hash);
    }
    for (const text of vectors.documents.invalid)
      assert.equal(parseContribution(Buffer.from(text)).ok, false, text.slice(0, 80));
  });
});
