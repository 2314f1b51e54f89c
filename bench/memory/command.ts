import { InvalidArgumentError, Option } from "commander";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { bytes, percent, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { type Growth, growthOf, isLeak, LIMIT, PER, WINDOWS } from "./growth.js";
import { microTraining } from "./micro-training.js";
import { watchMemory } from "./sample.js";
import { measureShard, type ShardMemory, shardSizes } from "./shard.js";

const WARM_UP = 2_000;
const EVERY = 25;
/** Every window has a sample. */
const LEAST = EVERY * WINDOWS;

interface Flags {
  readonly shard: readonly (keyof typeof shardSizes)[];
  readonly steps: number;
  readonly json?: string;
}

/** A training holds what it needs and no more: at its peak, and after a long time. */
export const memoryBench: CommandSpec = {
  name: "memory",
  description: "peak memory of a shard's training beside its plan, and whether steps leave anything behind",
  examples: ["npm run bench -- memory", "npm run bench -- memory --shard 300m --steps 0"],
  define: (command) =>
    command
      .addOption(
        new Option("--shard <size...>", "shards to train; 300m takes a minute and 6 GB")
          .choices(Object.keys(shardSizes))
          .default(["14m"]),
      )
      .option("--steps <n>", `steps of a micro model to watch after ${WARM_UP}; 0 for none`, stepsToWatch, 4_000)
      .addOption(figuresOption())
      .action(run),
};

/** A parser of the option --steps. */
export const stepsToWatch = (text: string): number => {
  const steps = wholeNumber(0)(text);
  if (steps > 0 && steps < LEAST) throw new InvalidArgumentError(`It must be 0 or at least ${LEAST}.`);
  return steps;
};

const run = async ({ shard: sizes, steps, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const shards: ShardMemory[] = [];
  for (const size of sizes) {
    const shard = await measureShard(size);
    shards.push(shard);
    console.log(`\n${describeShard(shard)}`);
  }
  const growth = steps > 0 ? await watchSteps(steps) : undefined;
  if (growth) console.log(`\n${describeGrowth(growth, steps)}`);
  await writeFigures(json, { machine: here, shards, growth: growth ?? null });
  if (growth && isLeak(growth)) process.exitCode = 1;
};

const watchSteps = async (steps: number): Promise<Growth> => {
  const { step, dispose } = await microTraining();
  const samples = await watchMemory(step, { warmUp: WARM_UP, steps, every: EVERY });
  await dispose();
  return growthOf(samples);
};

const describeShard = (shard: ShardMemory): string => {
  const { size, parameters, needed, planned, peak, stepSeconds, ratio, target, met } = shard;
  return [
    `training a shard of ${(parameters / 1e6).toFixed(1)} M parameters (${size}), ${stepSeconds.toFixed(2)} s a step`,
    table([
      ["", "memory", "peak is"],
      ["weights, gradients, moments, activations", bytes(needed), `${ratio.toFixed(2)} ×`],
      ["what `blockzero-miner plan` says in all", bytes(planned), `${(peak / planned).toFixed(2)} ×`],
      ["peak, resident", bytes(peak), ""],
    ]),
    ...(met === null ? [] : [`  at most ${target} × weights, gradients, moments and activations: ${verdict(met)}`]),
  ].join("\n");
};

const describeGrowth = (growth: Growth, steps: number): string =>
  [
    `${steps} steps of a micro model, after ${WARM_UP}: the floor of resident memory is ${bytes(growth.level)} and moves by ${growth.slope.toFixed(0)} bytes a step`,
    `  growth in ${PER} steps ${percent(growth.share)}, less than ${percent(LIMIT)}: ${verdict(!isLeak(growth))}`,
  ].join("\n");
