import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { beaconPublicKey, signPulse } from "#shared/chain/timelock/pulse.js";
import { sha256 } from "#shared/protocol/hash.js";
import { networkSchema } from "#shared/protocol/network.js";
import { cycleLength, phaseWindow } from "#shared/protocol/phases.js";
import { blocksEntropy, evaluationSeed, pulseEntropy, seedBlocks, sprintSeed } from "#shared/protocol/seed.js";
import {
  evaluationSeeds,
  pulseEntropyAt,
  readSprintSeed,
  seedEntropy,
  seedRound,
} from "#shared/replay/evaluation-seeds.js";
import { PHASES, template } from "../../support/micro-network.js";
import { loadVectors } from "../protocol/vectors.js";

const purpose = z.enum(["evaluate", "choose"]);
const sprintPurpose = z.enum([
  "sprint-network",
  "sprint-inputs",
  "sprint-sample",
  "sprint-duty",
  "sprint-audit",
  "sprint-confirmation",
]);
const beaconTimes = z.strictObject({ genesis_time: z.number(), period: z.number(), delay: z.int() });
const vectors = loadVectors(
  "seed",
  z.object({
    seeds: z.array(
      z.object({
        purpose,
        network: z.string(),
        cycle: z.number(),
        group: z.string(),
        entropy: z.string(),
        seed: z.string(),
      }),
    ),
    sprints: z.array(
      z.object({
        purpose: sprintPurpose,
        network: z.string(),
        cycle: z.number(),
        entropy: z.string(),
        seed: z.string(),
      }),
    ),
    entropy: z.array(
      z.union([
        z.object({ closing: z.string(), pulse: z.string(), entropy: z.string() }),
        z.object({ blocks: z.array(z.string()), entropy: z.string() }),
      ]),
    ),
    rounds: z.array(beaconTimes.extend({ closing: z.number(), round: z.int() })),
    blocks: z.array(z.object({ length: z.int(), beacon: z.boolean(), closing: z.int(), deciding: z.int() })),
  }),
);

const SEED = Buffer.from("5e".repeat(32), "hex");
const beacon = { public_key: beaconPublicKey(SEED), genesis_time: 0, period: 1, delay: 2 };
const CYCLE = 3;
const { start } = phaseWindow(CYCLE, "evaluate", PHASES);
const question = { cycle: CYCLE, purpose: "evaluate" } as const;
const hashOf = (block: number) => sha256(Buffer.from(`block ${block}`));

/** A chain with a block a second, which has a round's pulse from a block on. */
const chainWith = (pulse: (round: number, at: number) => Uint8Array | null, withBeacon = true) => {
  const network = networkSchema.parse({
    ...template,
    ...(withBeacon && { beacon }),
    genesis: "0".repeat(64),
  });
  const asked: { round: number; at: number | undefined }[] = [];
  return {
    asked,
    network,
    networkHash: sha256(Buffer.from("network")),
    fetch: () => assert.fail("asked for a file"),
    chain: {
      metagraph: () => assert.fail("asked for the metagraph"),
      commitments: () => assert.fail("asked for commitments"),
      blockHash: async (block: number) => hashOf(block),
      timestamp: async (block: number) => block * 1000,
      pulse: async (round: number, at?: number) => {
        asked.push({ round, at });
        return pulse(round, at!);
      },
    },
  };
};

describe("evaluation seeds", () => {
  it("are those of the vectors", () => {
    for (const { seed, ...inputs } of vectors.seeds) assert.equal(evaluationSeed(inputs), seed);
    for (const { seed, ...inputs } of vectors.sprints) assert.equal(sprintSeed(inputs), seed);
    assert.equal(new Set(vectors.sprints.map(({ seed }) => seed)).size, vectors.sprints.length);
    assert.equal(new Set(vectors.seeds.map(({ seed }) => seed)).size, vectors.seeds.length);
    for (const one of vectors.entropy)
      assert.equal(
        "blocks" in one ? blocksEntropy(one.blocks) : pulseEntropy(one.closing, Buffer.from(one.pulse, "hex")),
        one.entropy,
      );
    for (const { closing, round, ...times } of vectors.rounds)
      assert.equal(seedRound(closing, { ...beacon, ...times }), round);
    for (const { length, beacon: hasBeacon, ...expected } of vectors.blocks) {
      const phases = { ...PHASES, evaluate: length };
      const { start: first } = phaseWindow(1, "evaluate", phases);
      const found = seedBlocks(1, "evaluate", { phases, ...(hasBeacon && { beacon }) });
      assert.deepEqual({ closing: found.closing - first, deciding: found.deciding - first }, expected);
    }
  });

  it("come from the pulse that nobody knew when the last block before the phase was built", async () => {
    const round = start - 1 + 1 + beacon.delay;
    const source = chainWith((of, at) => (of <= at + 1 ? signPulse(SEED, of) : null));
    const { origin, ofGroups } = await evaluationSeeds(source, question);
    assert.equal(origin, "pulse");
    const entropy = pulseEntropy(hashOf(start - 1), signPulse(SEED, round));
    const { networkHash: network } = source;
    for (const group of ["math", "prose"])
      assert.equal(ofGroups[group], evaluationSeed({ ...question, network, group, entropy }));
    assert.deepEqual(source.asked, [{ round, at: seedBlocks(CYCLE, "evaluate", source.network).deciding }]);
  });

  it("are known as soon as the chain has the pulse, and never by a later one", async () => {
    const { deciding } = seedBlocks(CYCLE, "evaluate", chainWith(() => null).network);
    const early = chainWith((of) => signPulse(SEED, of));
    assert.deepEqual(
      { ...(await pulseEntropyAt(early, question, start)), value: null },
      await seedEntropy(early, question),
    );
    const late = chainWith((of, at) => (at > deciding ? signPulse(SEED, of) : null));
    assert.equal(await pulseEntropyAt(late, question, start + cycleLength(PHASES)), null);
    assert.equal((await evaluationSeeds(late, question)).origin, "blocks");
  });

  it("come from the blocks of the phase where the pulse is missing, late, another's, or no signature", async () => {
    const other = Buffer.from("5f".repeat(32), "hex");
    const blocks = Array.from({ length: 2 }, (_, i) => hashOf(start + i));
    const wrong: readonly ((round: number) => Uint8Array | null)[] = [
      () => null,
      (round) => signPulse(other, round),
      (round) => signPulse(SEED, round - 1),
      () => new Uint8Array(48),
      () => new Uint8Array(0),
      () => new Uint8Array(96).fill(0xff),
    ];
    for (const pulse of wrong) {
      const source = chainWith(pulse);
      const { origin, ofGroups } = await evaluationSeeds(source, question);
      assert.equal(origin, "blocks");
      const entropy = blocksEntropy(blocks);
      assert.equal(ofGroups.math, evaluationSeed({ ...question, network: source.networkHash, group: "math", entropy }));
    }
  });

  it("come from the first block alone where the network has no beacon, and nobody asks for a pulse", async () => {
    const source = chainWith(() => assert.fail("asked for a pulse"), false);
    const { origin, ofGroups } = await evaluationSeeds(source, question);
    assert.equal(origin, "blocks");
    const entropy = blocksEntropy([hashOf(start)]);
    assert.equal(ofGroups.math, evaluationSeed({ ...question, network: source.networkHash, group: "math", entropy }));
  });

  it("of a Sprint are drawn at the begin of reveal, evaluate, exchange and the next commit phase, each from its own domain", async () => {
    const source = chainWith(() => null, false);
    const phases = {
      "sprint-network": ["reveal", CYCLE],
      "sprint-inputs": ["evaluate", CYCLE],
      "sprint-sample": ["exchange", CYCLE],
      "sprint-duty": ["exchange", CYCLE],
      "sprint-audit": ["commit", CYCLE + 1],
      "sprint-confirmation": ["reveal", CYCLE],
    } as const;
    for (const purpose of sprintPurpose.options) {
      const [phase, of] = phases[purpose];
      const { start: first } = phaseWindow(of, phase, PHASES);
      assert.deepEqual(seedBlocks(CYCLE, purpose, source.network), { closing: first - 1, deciding: first });
      const entropy = blocksEntropy([hashOf(first)]);
      assert.equal(
        await readSprintSeed(source, { cycle: CYCLE, purpose }),
        sprintSeed({ purpose, network: source.networkHash, cycle: CYCLE, entropy }),
      );
    }
  });
});
