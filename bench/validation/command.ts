import { writeFile } from "node:fs/promises";
import { TRAINING } from "#owner/localnet/training.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { createRandom } from "#shared/data/random.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { mean } from "#shared/mean.js";
import type { Network } from "#shared/protocol/network.js";
import { planLaps } from "#shared/scoring/racing/laps.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { percent, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { median } from "../median.js";
import { whole, writeFigures } from "../options.js";
import { stepCases } from "../step/cases.js";
import { materialOf } from "../step/material.js";
import { ourStep } from "../step/ours.js";
import { recordedField } from "./fields.js";
import { type Measured, measure } from "./measure.js";
import { recordedCasts, simulatedCasts } from "./populations.js";
import { formatRecording } from "./recording.js";
import { type Comparison, compare } from "./trial.js";

/** The protocol that races are compared with, as Bittensor's subnets of this kind evaluate. */
const FULL_BATCHES = 51;
/** Inner steps of the honest miners that are measured. */
const HONEST = [100, 100, 100, 100, 100, 100, 70, 70, 50, 50, 30, 15];
/** Seconds of a train phase of 29 blocks, the network's default. */
const TRAIN_PHASE_SECONDS = 29 * 12;
const TARGETS = { batches: 0.35, agreement: 0.98, cost: 0.02 };

interface Flags {
  readonly pretraining: readonly string[];
  readonly trials: number;
  readonly record?: string;
  readonly json?: string;
}

export const validationBench: CommandSpec = {
  name: "validation",
  description: "what racing saves of a full evaluation, whether it finds the same miners, and what scoring one costs",
  examples: ["npm run bench -- validation", "npm run bench -- validation --trials 1000 --json validation.json"],
  define: (command) =>
    command
      .option("--pretraining <steps...>", "inner steps behind the base models of real miners", ["250", "800"])
      .option("--trials <n>", "cycles raced of each kind", whole("--trials", 1), 200)
      .option("--record <file>", "write the real miners' paired differences there")
      .option("--json <file>", "write the figures there")
      .action(run),
};

const run = async ({ pretraining, trials, record, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const real: Measured[] = [];
  for (const steps of pretraining.map(whole("--pretraining", 1)))
    real.push(
      await measure({ groups: ["prose", "math"], pretraining: steps, honest: HONEST, batches: 2 * FULL_BATCHES }),
    );
  const groups = real.flatMap((measured) => measured.groups);
  if (record !== undefined) await writeFile(record, formatRecording(groups));

  const { network } = real[0]!;
  const races = await compareAll(network, groups, trials);
  const shown = (comparison: Comparison) =>
    (["batches", "agreement", "same", "repeated"] as const).map((key) => percent(comparison[key]));
  const all = meanOf(races.map(({ comparison }) => comparison));
  const met = { batches: all.batches <= TARGETS.batches, agreement: all.agreement >= TARGETS.agreement };
  const { rounds, tolerance } = network.scoring.racing;
  console.log(
    `\n${trials} races of each kind against ${FULL_BATCHES} batches; ${rounds} rounds, tolerance ${percent(tolerance)}`,
  );
  console.log(
    table([
      ["", "miners", "top N", "batches", "places agree", "same miner", "51 other batches agree"],
      ...races.map(({ cast, comparison }) => [cast.name, `${cast.miners}`, `${cast.topN}`, ...shown(comparison)]),
      ["mean", "", "", ...shown(all)],
      ["target", "", "", verdict(met.batches), verdict(met.agreement), "", ""],
    ]),
  );

  const costs = [await localnetCost(real[0]!, trials), await presetCost(all.batches)];
  console.log("\nwhat scoring a miner costs");
  console.log(
    table([
      ["", "batches", "seconds a miner", "it trained for", "ratio", "target"],
      ...costs.map(({ name, batches, scoring, training }) => [
        name,
        batches.toFixed(1),
        scoring.toFixed(3),
        `${training.toFixed(1)} s`,
        percent(scoring / training),
        verdict(scoring / training < TARGETS.cost),
      ]),
    ]),
  );
  await writeFigures(json, {
    machine: here,
    targets: TARGETS,
    racing: network.scoring.racing,
    races: races.map(({ cast: { name, miners, topN }, comparison }) => ({ name, miners, topN, ...comparison })),
    mean: all,
    costs: costs.map((cost) => ({ ...cost, ratio: cost.scoring / cost.training })),
  });
};

const compareAll = async (network: Network, groups: Measured["groups"], trials: number) => {
  const races = [];
  for (const cast of [...recordedCasts(groups), ...simulatedCasts()]) {
    const rules = { ...raceRules(network.scoring), batches: FULL_BATCHES, topN: cast.topN };
    const random = createRandom(`validation ${cast.name}`);
    races.push({ cast, comparison: await compare({ draw: cast.draw, rules, trials, random }) });
  }
  return races;
};

const meanOf = (comparisons: readonly Comparison[]): Comparison => {
  const of = (key: keyof Comparison) => mean(comparisons.map((comparison) => comparison[key]));
  return { batches: of("batches"), agreement: of("agreement"), same: of("same"), repeated: of("repeated") };
};

interface Cost {
  readonly name: string;
  /** Of one miner. */
  readonly batches: number;
  /** Seconds. */
  readonly scoring: number;
  readonly training: number;
}

/** A cycle of the localnet: few miners, few batches, and few steps of training. */
const localnetCost = async ({ network, groups, seconds }: Measured, trials: number): Promise<Cost> => {
  const rules = raceRules(network.scoring);
  const random = createRandom("localnet");
  const comparisons = [];
  for (const group of groups) comparisons.push(await compare({ draw: recordedField(group, 4), rules, trials, random }));
  const share = meanOf(comparisons).batches;
  const batches = share * rules.batches;
  return {
    name: `localnet, ${rules.batches} batches at most`,
    batches,
    scoring: batches * seconds.batch + planLaps(rules).length * seconds.update,
    training: TRAINING.max_steps * seconds.step,
  };
};

const STEPS_TIMED = 12;

/** The preset that figures of speed refer to, trained for a phase of the default length on this machine. */
const presetCost = async (share: number): Promise<Cost> => {
  const forward = stepCases.find(({ name }) => name === "forward")!;
  const contestant = await ourStep(onnxCpu({ threads: 2 }), forward, materialOf(forward, 4));
  const { seconds } = await contestant.run(STEPS_TIMED);
  await contestant.dispose();
  const batches = share * FULL_BATCHES;
  return {
    name: `preset bench, ${FULL_BATCHES} batches at most`,
    batches,
    scoring: batches * median(seconds),
    training: TRAIN_PHASE_SECONDS,
  };
};
