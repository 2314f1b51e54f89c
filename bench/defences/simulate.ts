import { groupHeldOutBatches, groupTrainingLoader } from "#datasets/group-data.js";
import type { Batch } from "#shared/data/loader.js";
import { createRandom } from "#shared/data/random.js";
import type { Device } from "#shared/engine/device.js";
import { zeros } from "#shared/engine/tensor.js";
import { withUpdate } from "#shared/evaluation/change.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import { selectForMerge } from "#shared/merge/selection.js";
import { expertsOf, groupShapes, hubShapes, shardOf } from "#shared/model/groups.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import type { Parameters } from "#shared/model/parameters.js";
import { PRESETS } from "#shared/model/presets.js";
import type { Network } from "#shared/protocol/network.js";
import type { MergeRule } from "#shared/protocol/network-file/training.js";
import { proofOfLoss } from "#shared/scoring/proof-of-loss.js";
import { batchTensors } from "#shared/training/inner-loop.js";
import { mapValues } from "#shared/training/objective.js";
import { pretrain } from "#shared/training/pretrain.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { mean } from "#shared/util/mean.js";
import { type OuterState, outerStep } from "../outer-step.js";
import type { Attacker, Update } from "./attackers.js";

export interface Defence {
  readonly name: string;
  /** Whether only what lowers the held-out loss is merged, in proportion; else everything is, in equal parts. */
  readonly scored: boolean;
  readonly merge: MergeRule;
}

export interface Field {
  readonly honest: number;
  readonly attackers: number;
  readonly cycles: number;
}

export interface Simulation {
  /** Held-out loss of the model before, nats a byte. */
  readonly startLoss: number;
  /** Held-out loss at the end; the same text for all. @param attacker null: all are honest */
  run(defence: Defence, attacker: Attacker | null): Promise<number>;
  dispose(): Promise<void>;
}

const GROUP = "math";
const BATCH = 4;
const STEPS = 12;
const RATE = 2e-3;
const EVAL = { batches: 12, batchSize: 8 };
const SCORING = { confidence: 0.95, exponent: 1 };

/** A model that knows English, as a subnet's genesis model might, and a group whose experts learn arithmetic. */
const network: Pick<Network, "model" | "groups" | "data"> = {
  model: {
    ...PRESETS.tiny,
    hidden_size: 32,
    num_hidden_layers: 1,
    head_dim: 8,
    num_experts: 4,
    moe_intermediate_size: 48,
  },
  groups: { [GROUP]: { experts: { 0: [0, 1, 2, 3] }, data: [{ kind: "arithmetic", weight: 1 }] } },
  data: { tokenizer: "byte", split: "sha256", sequence_length: 32, held_out: 0.1 },
};

/** Cycles of selection, merge and outer step as validators do them, without chain or files. */
export const openSimulation = async (device: Device, { honest, attackers, cycles }: Field): Promise<Simulation> => {
  const { model, groups, data } = network;
  const group = groups[GROUP]!;
  const english = { [GROUP]: { ...group, data: [{ kind: "moby-dick", weight: 1 }] } };
  const start = await pretrain({
    network: { ...network, groups: english },
    device,
    seed: "defences",
    steps: 200,
    batchSize: 8,
    learningRate: 5e-3,
    signal: new AbortController().signal,
  });
  const names = Object.keys(groupShapes(model, group)).sort();
  const pick = (from: Parameters, keys: readonly string[]) =>
    Object.fromEntries(keys.map((name) => [name, from[name]!]));
  const hub = pick(start, Object.keys(hubShapes(model, groups)));
  const held = expertsOf(model, group);
  const shape = { config: model, held, batchSize: BATCH, sequenceLength: data.sequence_length };
  const step = await createTrainStep({
    device,
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: shardOf(hub, pick(start, names), held),
    trainable: names,
  });
  const meter = await createLossMeter(device, network, { batchSize: EVAL.batchSize, parameters: start });
  const lossesOf = (parameters: Parameters, seed: string) => meter.losses(parameters, batchesOf(seed));
  const drawn = new Map<string, readonly Batch[]>();
  const batchesOf = (seed: string) => {
    const known = drawn.get(seed) ?? groupHeldOutBatches(network, GROUP, { ...EVAL, seed });
    drawn.set(seed, known);
    return known;
  };

  const train = async (weights: Parameters, seed: string): Promise<Update> => {
    const still = mapValues(weights, ({ shape: sides }) => zeros(sides));
    await step.restore({ params: weights, m: still, v: still, step: 0 });
    const loader = groupTrainingLoader(network, GROUP, { batchSize: BATCH, seed });
    for (let i = 0; i < STEPS; i++) await step.step([batchTensors(loader.next())], RATE);
    const trained = await step.params();
    return names.map((name) => trained[name]!.data.map((value, i) => value - weights[name]!.data[i]!));
  };
  const asTensors = (update: Update) =>
    new Map(names.map((name, t) => [name, { shape: start[name]!.shape, data: update[t]! }]));

  const run: Simulation["run"] = async ({ scored, merge }, attacker) => {
    const random = createRandom("defences/noise");
    const noise = () => random.next();
    let state: OuterState = { weights: pick(start, names), momentum: null };
    for (let cycle = 1; cycle <= cycles; cycle++) {
      const updates: Update[] = [];
      for (let miner = 0; miner < honest + attackers; miner++)
        updates.push(await train(state.weights, `miner ${miner} in cycle ${cycle}`));
      const others = updates.slice(0, honest);
      const submitted = attacker
        ? [...others, ...updates.slice(honest).map((update) => attacker.submit(update, others, noise))]
        : updates;
      const seed = String(cycle).padStart(64, "0");
      const whole = { ...start, ...state.weights };
      const before = scored ? await lossesOf(whole, seed) : [];
      const contenders = [];
      for (const [miner, update] of submitted.entries()) {
        const tensors = asTensors(update);
        const after = scored ? await lossesOf(withUpdate(whole, tensors), seed) : [];
        const verdict = scored ? proofOfLoss(before, after, SCORING) : ({ verdict: "scored", score: 1 } as const);
        if (verdict.verdict !== "scored") continue;
        const artifact = `${miner}`;
        contenders.push({
          hotkey: artifact,
          artifact,
          group: GROUP,
          score: verdict.score,
          independence: 1,
          commitBlock: 0,
          tensors,
        });
      }
      const selected = selectForMerge(contenders, honest + attackers).get(GROUP);
      if (selected) state = outerStep(state, selected, { lr: 0.7, momentum: 0.5, merge });
    }
    return mean(await lossesOf({ ...start, ...state.weights }, "f".repeat(64)));
  };
  return {
    startLoss: mean(await lossesOf(start, "f".repeat(64))),
    run,
    async dispose() {
      await meter.dispose();
      await step.dispose();
    },
  };
};
