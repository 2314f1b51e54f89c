import { TRAINING } from "#localnet/training.js";
import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import { createRandom } from "#shared/data/random.js";
import type { Device } from "#shared/engine/device.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { groupShapes } from "#shared/model/groups.js";
import { initialParameters } from "#shared/model/init.js";
import { PRESETS } from "#shared/model/presets.js";
import type { Network } from "#shared/protocol/network.js";
import { planLaps } from "#shared/scoring/racing/laps.js";
import { type RaceRules, raceRules } from "#shared/scoring/racing/rules.js";
import { createShardTrainer } from "#shared/shard-training/shard-trainer.js";
import { inMemory } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { mean } from "#shared/util/mean.js";
import { type DrawField, recordedField } from "./fields.js";
import { type Measured, noiseLike } from "./measure.js";
import { measureParts, type Parts } from "./parts.js";
import { raceOf } from "./trial.js";

/** What a validator spends on a cycle of one expert group, and what a miner does. Seconds, but for the counts. */
export interface Cost {
  readonly name: string;
  readonly parts: Parts;
  /** Of one miner, on average. */
  readonly batches: number;
  readonly laps: number;
  /** Of the miner that needs most. */
  readonly longest: number;
  /** Drawn. */
  readonly drawn: number;
  readonly trained: number;
}

/** Seconds for one more miner. */
export const secondsEach = ({ parts, batches, laps }: Cost): number =>
  parts.gates + parts.load + parts.sketch + laps * parts.add + batches * parts.batch;

/** Seconds for a group however many miners it has: its batches, what all models have in common on them, the model's own losses. */
export const secondsOnce = ({ parts, drawn, longest }: Cost): number =>
  drawn * parts.draw + longest * (parts.common + parts.batch);

/** Seconds for one more miner if models shared nothing and an update were read for every lap. */
export const secondsUnshared = ({ parts, batches, laps }: Cost): number =>
  parts.gates + parts.sketch + (1 + laps) * parts.load + laps * parts.add + batches * parts.wholeBatch;

/** As `localnet/` starts its participants. */
const LOCALNET_THREADS = 1;
/** Whose races are averaged. */
const LOCALNET_MINERS = 4;

/** A cycle of the localnet: few miners, few batches, and few steps of training. */
export const localnetCost = async ({ network, base, own, updates }: Measured, trials: number): Promise<Cost> => {
  const device = onnxCpu({ threads: LOCALNET_THREADS });
  const rules = raceRules(network.scoring);
  const courses: Course[] = [];
  for (const recorded of own) courses.push(await courseOf(recordedField(recorded, LOCALNET_MINERS), rules, trials));
  const of = (key: keyof Course) => mean(courses.map((course) => course[key]));
  const [group, update] = Object.entries(updates)[0]!;
  return {
    name: `localnet, ${rules.batches} batches of ${network.scoring.eval_batch_size}, 1 thread`,
    parts: await measureParts({ device, network, base, group, update }),
    batches: of("batches"),
    laps: of("laps"),
    longest: of("longest"),
    drawn: rules.batches,
    trained: await secondsToTrain(device, { network, base }, group),
  };
};

type Course = Pick<Cost, "batches" | "laps" | "longest">;

/** How far miners go in races of such a field. */
const courseOf = async (draw: DrawField, rules: RaceRules, trials: number): Promise<Course> => {
  const random = createRandom("localnet");
  const ends = planLaps(rules).map(({ batches }) => batches);
  const courses: Course[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const batches = (await raceOf(draw(random, rules.batches), rules)).map((result) => result.batches);
    courses.push({
      batches: mean(batches),
      laps: mean(batches.map((end) => 1 + ends.indexOf(end))),
      longest: Math.max(...batches),
    });
  }
  const of = (key: keyof Course) => mean(courses.map((course) => course[key]));
  return { batches: of("batches"), laps: of("laps"), longest: of("longest") };
};

/** The localnet's cycle of training, its program compiled before. */
const secondsToTrain = async (
  device: Device,
  { network, base }: Pick<Measured, "network" | "base">,
  group: string,
): Promise<number> => {
  const own = new Set(Object.keys(groupShapes(network.model, network.groups[group]!)));
  const split = (keep: boolean) => Object.fromEntries(Object.entries(base).filter(([name]) => own.has(name) === keep));
  const config = loadConfig(minerSettings, { env: {}, flags: { ...TRAINING, expert_group: group } });
  const options = { device, network, group, config, hub: frozenInMemory(split(false)), miner: "miner" };
  const trainer = await createShardTrainer(options);
  const train = (maxSteps: number) => trainer.train(inMemory(split(true)), { cycle: 1, maxSteps, stop: () => false });
  await train(WARM_UP);
  const begin = performance.now();
  await train(TRAINING.max_steps);
  const seconds = (performance.now() - begin) / 1000;
  await trainer.dispose();
  return seconds;
};

const WARM_UP = 5;
const PRESET_THREADS = 2;
/** Seconds of a train phase of 29 blocks, the network's default. */
const TRAIN_PHASE_SECONDS = 29 * 12;
/** The relative size of the update that is measured: no figure depends on it. */
const UPDATE = 0.01;

/** The preset that figures of speed refer to, 2 of its 8 experts a group, trained for a phase of the default length. */
export const presetCost = async (
  template: Network,
  { batches, share }: { readonly batches: number; readonly share: number },
): Promise<Cost> => {
  const experts = Object.fromEntries(Array.from({ length: PRESETS.bench.num_hidden_layers }, (_, i) => [i, [0, 1]]));
  const [group, first] = Object.entries(template.groups)[0]!;
  const network: Network = {
    ...template,
    model: PRESETS.bench,
    groups: { [group]: { ...first, experts } },
    scoring: { ...template.scoring, eval_batches: batches, eval_batch_size: 8 },
    limits: { ...template.limits, artifact_bytes: 1 << 26 },
  };
  const base = initialParameters(network.model, createRandom("validation/preset"));
  const own = Object.fromEntries(
    Object.keys(groupShapes(network.model, network.groups[group]!)).map((name) => [name, base[name]!]),
  );
  const device = onnxCpu({ threads: PRESET_THREADS });
  return {
    name: `preset bench, ${batches} batches of 8, ${PRESET_THREADS} threads`,
    parts: await measureParts({ device, network, base, group, update: noiseLike(own, UPDATE, "validation/preset") }),
    batches: share * batches,
    laps: planLaps(raceRules(network.scoring)).length,
    longest: batches,
    drawn: batches,
    trained: TRAIN_PHASE_SECONDS,
  };
};
