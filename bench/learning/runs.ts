import { minerSettings } from "#miner/config.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { loadConfig } from "#shared/config/load.js";
import type { Batch } from "#shared/data/loader.js";
import type { Device } from "#shared/engine/device.js";
import { withUpdate } from "#shared/evaluation/change.js";
import { evaluationBatches, type LossMeter, stepBatches } from "#shared/evaluation/loss-meter.js";
import { type Directions, measureCandidates, stepChange } from "#shared/evaluation/measure-candidates.js";
import { createSketcher } from "#shared/independence/count-sketch.js";
import { independenceOf } from "#shared/independence/independence.js";
import { groupShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Network } from "#shared/protocol/network.js";
import type { OuterStep } from "#shared/protocol/network-file/outer-step.js";
import { proofOfLoss, spreadOf } from "#shared/scoring/proof-of-loss.js";
import { createShardTrainer } from "#shared/shard-training/shard-trainer.js";
import type { ShardTrainer } from "#shared/shard-training/trainer.js";
import { inMemory, readAll } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { mean } from "#shared/util/mean.js";
import { directionsInMemory, type ScoredUpdate } from "../directions-in-memory.js";
import { type Cheat, cheated, isHonest } from "./cheats.js";
import { committed } from "./committed.js";

/** What all runs of a comparison share. */
export interface Course {
  readonly device: Device;
  readonly network: Network;
  readonly group: string;
  readonly genesis: Parameters;
  readonly meter: LossMeter;
  readonly cycles: number;
  /** Of every miner. */
  readonly training: {
    readonly batch_size: number;
    readonly learning_rate: number;
    readonly warmup_steps: number;
    readonly max_steps: number;
  };
  /** Nobody cheats unless given. */
  readonly cheat?: Cheat;
  /** Text that nobody trains on, and that nothing is decided by. */
  readonly fixed: readonly Batch[];
  /** Told of every cycle that is over. */
  readonly onCycle?: (cycle: number, loss: number) => void;
}

/** A run's losses on the fixed text, batch by batch, before the first cycle and after each. */
export interface Run {
  readonly losses: readonly (readonly number[])[];
  /** Numbers of the steps that were taken; 0 for none. */
  readonly steps: readonly number[];
  /** Of all miners together. */
  readonly trainSeconds: number;
  readonly chooseSeconds: number;
  /** Forward passes of a batch that choosing took. */
  readonly passes: number;
}

/** One machine that trains on from what it has. @param times as many sequences in a step as a miner's */
export const alone = async (course: Course, name: string, times = 1): Promise<Run> => {
  const trainer = await openTrainer(course, name, times);
  const { track, losses } = await trackOf(course);
  let model = course.genesis;
  let trainSeconds = 0;
  try {
    for (let cycle = 1; cycle <= course.cycles; cycle++) {
      const begun = performance.now();
      model = withUpdate(model, await trainedBy(trainer, course, model, cycle));
      trainSeconds += (performance.now() - begun) / 1000;
      await track(model, cycle);
    }
  } finally {
    await trainer.dispose();
  }
  return { losses, steps: [], trainSeconds, chooseSeconds: 0, passes: 0 };
};

/** Miners that train from the accepted model, scored and merged as the network does it. @param always the step that is taken unmeasured */
export const together = async (course: Course, miners: number, always?: OuterStep): Promise<Run> => {
  const { cycles, genesis, meter, network, group, cheat = "none" } = course;
  const { outer } = network.training;
  const trainers: ShardTrainer[] = [];
  const { track, losses } = await trackOf(course);
  const steps: number[] = [];
  let model = genesis;
  let momentum: FloatTensors | null = null;
  let trainSeconds = 0;
  let chooseSeconds = 0;
  let passes = 0;
  try {
    for (let miner = 0; miner < miners; miner++) trainers.push(await openTrainer(course, `miner ${miner}`));
    for (let cycle = 1; cycle <= cycles; cycle++) {
      const updates: (FloatTensors | null)[] = [];
      const begun = performance.now();
      for (const [miner, trainer] of trainers.entries()) {
        const update = await committed({
          ...{ trainer, cycle, trained: course.training.max_steps },
          base: ownOf(course, model),
          update: await trainedBy(trainer, course, model, cycle),
          maxUpdateNorm: network.scoring.max_update_norm,
        });
        const isOwn = update === null || cheat === "none" || isHonest(miner, cheat);
        updates.push(isOwn ? update : cheated(update, cheat, `cheat ${miner} ${cycle}`));
      }
      const trained = performance.now();
      trainSeconds += (trained - begun) / 1000;
      const directions = await directionsOf(course, { model, momentum, updates, cycle });
      let step = always && directions[always.along] ? always : null;
      let number = step ? 1 : 0;
      if (!always && directions.all) {
        const measuring = performance.now();
        const batches = stepBatches(network, group, seedOf("choose", cycle), null);
        const measured = await measureCandidates(meter, {
          model,
          group: network.groups[group]!,
          directions,
          outer,
          batches,
        });
        chooseSeconds += (performance.now() - measuring) / 1000;
        passes += measured.passes;
        number = measured.vote?.best ?? 0;
        step = outer.steps[number - 1] ?? null;
      }
      if (step) {
        model = withUpdate(model, await stepChange(model, directions, step));
        momentum = momentumAfter(directions, step);
      }
      steps.push(number);
      await track(model, cycle);
    }
  } finally {
    for (const trainer of trainers) await trainer.dispose();
  }
  return { losses, steps, trainSeconds, chooseSeconds, passes };
};

/** Losses on the fixed text from the genesis model on. */
const trackOf = async ({ genesis, meter, fixed, onCycle }: Course) => {
  const losses = [await meter.losses(genesis, fixed)];
  const track = async (model: Parameters, cycle: number): Promise<void> => {
    const now = await meter.losses(model, fixed);
    losses.push(now);
    onCycle?.(cycle, mean(now));
  };
  return { losses, track };
};

/** What a run comes to. */
export interface Summary {
  readonly start: number;
  readonly end: number;
  /** Cycles after which the loss was higher than before by more than the standard error of the paired difference. */
  readonly rises: number;
}

export const summaryOf = ({ losses }: Pick<Run, "losses">): Summary => {
  const rises = losses.slice(1).filter((after, i) => {
    const spread = spreadOf(after.map((loss, batch) => loss - losses[i]![batch]!));
    return spread.mean > spread.deviation / Math.sqrt(after.length);
  });
  return { start: mean(losses[0]!), end: mean(losses.at(-1)!), rises: rises.length };
};

const ownOf = ({ network, group }: Pick<Course, "network" | "group">, model: Parameters): Parameters => {
  const names = Object.keys(groupShapes(network.model, network.groups[group]!)).sort();
  return Object.fromEntries(names.map((name) => [name, model[name]!]));
};

const openTrainer = (course: Course, miner: string, times = 1): Promise<ShardTrainer> => {
  const { device, network, group, genesis, training } = course;
  const config = loadConfig(minerSettings, {
    env: {},
    flags: { ...training, gradient_accumulation_steps: times, expert_group: group },
  });
  const own = ownOf(course, genesis);
  const hub = Object.fromEntries(Object.entries(genesis).filter(([name]) => !(name in own)));
  return createShardTrainer({ device, network, group, config, hub: frozenInMemory(hub), miner });
};

const trainedBy = async (
  trainer: ShardTrainer,
  course: Course,
  model: Parameters,
  cycle: number,
): Promise<FloatTensors> => {
  const { update } = await trainer.train(inMemory(ownOf(course, model)), { cycle, stop: () => false });
  return new Map(Object.entries(await readAll(update)));
};

const seedOf = (purpose: string, cycle: number): string => sha256(Buffer.from(`${purpose} ${cycle}`));

export interface CycleUpdates {
  readonly model: Parameters;
  readonly momentum: FloatTensors | null;
  /** By miner; null where it committed none. */
  readonly updates: readonly (FloatTensors | null)[];
  readonly cycle: number;
}

/** Scores the updates, looks how independent they are, and merges them in each of the ways that a step may go along: as validators do. */
export const directionsOf = async (
  course: Pick<Course, "network" | "group" | "meter">,
  { model, momentum, updates, cycle }: CycleUpdates,
): Promise<Directions<FloatTensors>> => {
  const { network, group, meter } = course;
  const seed = seedOf("evaluate", cycle);
  const { losses } = await meter.ofGroup(model, network.groups[group]!);
  const drawn = evaluationBatches(network, group, seed, null);
  const before = await losses(null, drawn);
  const names = Object.keys(ownOf(course, model));
  const sketcher = createSketcher(seed);
  const sketch = (tensorOf: (name: string) => Float32Array) => sketcher(names.map(tensorOf));
  const scored: Omit<ScoredUpdate, "independence">[] = [];
  for (const [miner, update] of updates.entries()) {
    if (!update) continue;
    const verdict = proofOfLoss(before, await losses(update, drawn), network.scoring);
    if (verdict.verdict !== "scored") continue;
    const { score, lossReduction } = verdict;
    const hotkey = `miner ${miner}`;
    scored.push({ hotkey, group, artifact: sha256(Buffer.from(`${hotkey} ${cycle}`)), score, lossReduction, update });
  }
  const known = [
    sketch((name) => model[name]!.data),
    ...(momentum ? [sketch((name) => momentum.get(name)!.data)] : []),
  ];
  const counted = scored.filter(({ score }) => score > 0);
  const independence = independenceOf(
    counted.map(({ update, lossReduction }) => ({
      sketch: sketch((name) => update.get(name)!.data),
      gain: lossReduction ?? 0,
    })),
    known,
  );
  return directionsInMemory(
    scored.map((one) => ({ ...one, independence: independence[counted.indexOf(one)] ?? null })),
    { topN: network.scoring.top_n, merge: network.training.merge, momentum },
  );
};

/** The buffer after a step, by a step from zero weights: its own change needs none. */
const momentumAfter = (directions: Directions<FloatTensors>, { along, momentum: mu }: OuterStep): FloatTensors =>
  new Map(
    [...directions[along]!].map(([name, { shape, data }]) => {
      const before = directions.momentum?.get(name)?.data;
      return [name, { shape, data: data.map((value, i) => Math.fround(mu * (before?.[i] ?? 0)) - value) }];
    }),
  );
