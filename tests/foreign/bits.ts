// Prints a digest of everything whose bits machines must agree on, or (~) had better: `npm run test:foreign` compares two machines' lines.
import { createHash, type Hash } from "node:crypto";
import { mergeInMemory } from "#bench/merge-in-memory.js";
import { isFault } from "#shared/artifact/codec/codec.js";
import { encodeUpdate, type Feedback } from "#shared/artifact/codec/encode-update.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import { l2Norm } from "#shared/artifact/update.js";
import { createRandom, type Random } from "#shared/data/random.js";
import { ADAMW_DEFAULTS, scalarsAt } from "#shared/engine/optim/adamw.js";
import { adamwInPlace } from "#shared/engine/optim/adamw-in-place.js";
import { createSketcher } from "#shared/independence/count-sketch.js";
import { independenceOf } from "#shared/independence/independence.js";
import { outerStepOfTensor } from "#shared/merge/outer-step.js";
import { CODEC_NAMES } from "#shared/protocol/codec-name.js";
import { type MergeRule, mergeRuleSchema } from "#shared/protocol/network-file/training.js";
import { rewardCurve } from "#shared/rewards/curves/reward-curve.js";
import { proofOfLoss } from "#shared/scoring/proof-of-loss.js";
import { runRace } from "#shared/scoring/racing/run-races.js";
import { studentQuantile } from "#shared/scoring/student-t.js";
import { EXACT_DIALS } from "#shared/sprint/exact/dials.js";
import { openProcessorNetwork } from "#shared/sprint/exact/processor-network.js";
import { networkSeed, nodeSeed } from "#shared/sprint/exact/seeds.js";
import { openReferenceNetwork } from "../shared/sprint/exact/reference-network.js";
import { template } from "../support/micro-network.js";
import { mergedModel } from "./merged-model.js";

const LENGTHS = [4096 * 3 + 17, 1, 999] as const;

/** Nearly normal, by sums alone: logarithms and cosines are a machine's own affair in JavaScript, and do differ in the last bit. */
const bellShaped = (random: Random): number => {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.next();
  return sum;
};
const drawn = (random: Random, length: number, size = 1): Float32Array =>
  Float32Array.from({ length }, () => size * bellShaped(random));
const digestOf = (add: (hash: Hash) => void): string => {
  const hash = createHash("sha256");
  add(hash);
  return hash.digest("hex");
};
const numbers = (values: readonly number[]): Uint8Array => new Uint8Array(Float64Array.from(values).buffer);
const tell = (what: string, digest: string) => console.log(`${digest.slice(0, 16)}  ${what}`);
/** What no two machines must agree on: powers and logarithms are each JavaScript engine's own, and change with its version. */
const tellOwn = (what: string, digest: string) => tell(`~ ${what}`, digest);

const RULES: readonly MergeRule[] = [
  { rule: "weighted-mean", clip: "median-norm" },
  { rule: "weighted-mean", clip: "none" },
  { rule: "trimmed-mean", trim: 0.3 },
  { rule: "geometric-median", iterations: 16 },
  { rule: "centred-clipping", iterations: 4 },
].map((rule) => mergeRuleSchema.parse(rule));

const nameOf = (rule: MergeRule): string => ("clip" in rule ? `${rule.rule}, clip ${rule.clip}` : rule.rule);

/** The updates of five miners, of very different sizes. */
const updates = [1e-3, 2e-3, 1, 1e-6, 3e-3].map((size, miner) => {
  const random = createRandom(`update ${miner}`);
  return LENGTHS.map((length) => drawn(random, length, size));
});
const shares = [0.3, 0.25, 0.05, 0.1, 0.3];

tell(
  "random numbers",
  digestOf((hash) => hash.update(drawn(createRandom("numbers"), 10_000))),
);

for (const rule of RULES) {
  const random = createRandom("base");
  const state = LENGTHS.map((length) => ({ weights: drawn(random, length), momentum: drawn(random, length, 1e-3) }));
  for (let cycle = 0; cycle < 3; cycle++) {
    const merged = mergeInMemory(
      updates.map((tensors, miner) => ({ tensors, share: shares[(miner + cycle) % shares.length]! })),
      rule,
    );
    for (const [i, tensor] of state.entries()) outerStepOfTensor(tensor, merged[i]!, template.training.outer.steps[0]!);
  }
  tell(
    `three outer steps by ${nameOf(rule)}`,
    digestOf((hash) => {
      for (const { weights, momentum } of state) hash.update(weights).update(momentum);
    }),
  );
}

for (const codec of Object.values(CODECS)) {
  const carried = new Map<string, Float32Array>();
  const feedback: Feedback = {
    carried: async (name) => carried.get(name) ?? null,
    keep: async (name, left) => void carried.set(name, left),
  };
  const hash = createHash("sha256");
  for (const tensors of updates) {
    const named = new Map(tensors.map((data, i) => [`tensor ${i}`, { shape: [data.length], data }]));
    const { bytes } = await encodeUpdate(codec, named, codec.feedback ? feedback : undefined);
    hash.update(bytes);
    for (const { data } of named.values()) {
      const decoded = codec.decode(codec.encode(data), data.length);
      if (isFault(decoded)) throw new Error(decoded.problem);
      hash.update(decoded);
    }
  }
  for (const left of carried.values()) hash.update(left);
  tell(`codec ${codec.name}, and what it holds back`, hash.digest("hex"));
}

for (const codec of CODEC_NAMES)
  for (const rule of RULES) tell(`a model merged by ${nameOf(rule)} from ${codec}`, await mergedModel(codec, rule));

const norms = updates.map((tensors) => l2Norm(tensors.map((data) => ({ data }))));
tell(
  "norms that the gates compare",
  digestOf((hash) => hash.update(numbers(norms))),
);

const trained = adamwInPlace(ADAMW_DEFAULTS, [...LENGTHS], { accumulates: true });
const random = createRandom("adamw");
for (const { parameter } of trained) parameter.set(drawn(random, parameter.length));
const sums: number[] = [];
for (let step = 1; step <= 10; step++)
  for (const one of trained) {
    one.gradient.set(drawn(random, one.gradient.length, 1e-2));
    one.addend!.set(drawn(random, one.gradient.length, 1e-2));
    one.addGradients();
    sums.push(one.sumOfSquares());
    one.update(scalarsAt(ADAMW_DEFAULTS, step, 1e-3), { factor: 0.5, decay: true });
  }
tell(
  "ten steps of AdamW in WebAssembly",
  digestOf((hash) => {
    for (const { parameter, m, v } of trained) hash.update(parameter).update(m).update(v);
    hash.update(numbers(sums));
  }),
);

const sketches = updates.map(createSketcher("5".repeat(64)));
tell(
  "sketches, independence",
  digestOf((hash) => {
    for (const sketch of sketches) hash.update(sketch);
    const measured = sketches.map((sketch, i) => ({ sketch, gain: 0.01 * (i + 2) }));
    for (const directions of [[], sketches.slice(0, 1)])
      hash.update(numbers([...independenceOf(measured, directions)]));
  }),
);

const signal = drawn(createRandom("signal"), 1_000);
const alike = Array.from({ length: 7 }, (_, miner) => {
  const own = drawn(createRandom(`training ${miner}`), signal.length);
  return createSketcher("5".repeat(64))([signal.map((x, i) => x + own[i]!)]);
});
tell(
  "independence beside witnesses",
  digestOf((hash) => {
    const measured = alike.slice(2).map((sketch, i) => ({ sketch, gain: 0.01 * (i + 2) }));
    hash.update(numbers([...independenceOf(measured, [], { witnesses: alike.slice(0, 2) })]));
  }),
);

const dials = { ...EXACT_DIALS.tiny, layers: 4 };
const drawnNetwork = networkSeed("7".repeat(64));
const drawnNode = nodeSeed(new Uint8Array(32), "8".repeat(64));
const nonces = Array.from({ length: 100 }, (_, i) => 3 ** (i % 30) + i);
const reference = openReferenceNetwork(dials, drawnNetwork);
tell(
  "a Sprint's exact network by its judge",
  digestOf((hash) => {
    for (const nonce of nonces) hash.update(reference.output(drawnNode, nonce));
  }),
);
const byKernels = await openProcessorNetwork({ dials, seed: drawnNetwork, threads: 1 });
const outputs = await byKernels.outputs(drawnNode, nonces);
await byKernels.dispose();
tell(
  "a Sprint's exact network by the processor's kernels",
  digestOf((hash) => {
    for (const output of outputs) hash.update(output);
  }),
);

tell(
  "Student's quantiles",
  digestOf((hash) => {
    for (const probability of [0.75, 0.9, 0.95, 0.975, 0.99, 0.999])
      for (let freedom = 1; freedom <= 64; freedom++) hash.update(numbers([studentQuantile(probability, freedom)]));
  }),
);

const losses = (seed: string, mean: number, length: number): number[] => {
  const noise = createRandom(seed);
  return Array.from({ length }, () => mean + 0.05 * bellShaped(noise));
};
tell(
  "Proof-of-Loss",
  digestOf((hash) => {
    for (let miner = 0; miner < 50; miner++)
      for (const exponent of [1, 0.5, 2, 1.7]) {
        const scored = proofOfLoss(losses(`before ${miner}`, 3, 12), losses(`after ${miner}`, 2.95, 12), {
          confidence: 0.95,
          exponent,
        });
        if (scored.verdict === "scored")
          hash.update(numbers([scored.lossReduction, scored.standardError, scored.lowerBound, scored.score]));
      }
  }),
);

const raced = createHash("sha256");
for (let race = 0; race < 20; race++) {
  const before = losses(`race ${race}`, 3, 64);
  const contenders = Array.from({ length: 8 }, (_, i) => losses(`race ${race} of ${i}`, 2.9 + 0.02 * i, 64));
  const { results } = await runRace({
    contenders,
    rules: { confidence: 0.95, exponent: 1, topN: 3, batches: 64, rounds: 4, tolerance: 0.1 },
    before: async (from, to) => before.slice(from, to),
    after: async (own, from, to) => own.slice(from, to),
  });
  for (const one of contenders) {
    const result = results.get(one);
    if (result?.verdict === "scored")
      raced.update(numbers([result.score, result.lossReduction, result.standardError, result.batches]));
  }
}
tell("races", raced.digest("hex"));

tellOwn(
  "reward curves",
  digestOf((hash) => {
    const scores = losses("pay", 0.2, 20).sort((a, b) => b - a);
    for (const curve of [
      template.scoring.rewards,
      { curve: "top-n", n: 4, decay: { exponent: 1.3 }, floor: 0.1 } as const,
      { curve: "proportional", exponent: 1.7 } as const,
      { curve: "rank-points", points: [25, 18, 15, 12] } as const,
      { curve: "two-groups", leaders: 3, share: 0.8 } as const,
    ])
      hash.update(numbers(rewardCurve(curve)(scores)));
  }),
);
