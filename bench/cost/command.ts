import { Option } from "commander";
import { PROGRAM_BYTES } from "#miner/plan/plan.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { PRESETS } from "#shared/model/presets.js";
import { drawnNetwork } from "#shared/planning/drawn-network.js";
import { bytes } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { measuredStep } from "../plan/measure.js";
import { exponentOf } from "./exponent.js";

const WAYS = ["whole", "layers"] as const;

/** What a case has where it is not varied: the preset `bench` on one sequence, all experts trained. */
const USUAL = { sequence: 512, layers: 4, experts: 8 };

type Dimension = keyof typeof USUAL;

/** Sizes of each dimension, the usual one among them. */
const SIZES: Readonly<Record<Dimension, readonly number[]>> = {
  sequence: [512, 1024, 2048, 4096],
  layers: [2, 4, 8, 16],
  experts: [2, 4, 8, 16],
};

interface Cost {
  readonly way: (typeof WAYS)[number];
  readonly dimension: Dimension;
  readonly size: number;
  readonly seconds: number;
  /** Beside the program, bytes. */
  readonly memory: number;
}

interface Flags {
  readonly way: readonly (typeof WAYS)[number][];
  readonly largest?: number;
  readonly threads: number;
  readonly json?: string;
}

/** How a step's time and memory grow. */
export const costBench: CommandSpec = {
  name: "cost",
  description: "how time and memory of a train step grow with sequence, layers and experts, with the exponents",
  examples: ["npm run bench -- cost", "npm run bench -- cost --way layers --largest 3 --json cost.json"],
  define: (command) =>
    command
      .addOption(new Option("--way <name...>", "how steps are computed").choices(WAYS).default(WAYS))
      .option("--largest <n>", "sizes of each dimension, from the smallest; all if not given", wholeNumber(2))
      .option("--threads <n>", "processor threads, 0 for all", wholeNumber(0), 0)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ way: ways, largest, threads, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(`${describeMachine(here)}, load ${here.load.toFixed(1)}`);
  const costs: Cost[] = [];
  for (const way of ways) {
    for (const dimension of Object.keys(SIZES) as Dimension[])
      for (const size of SIZES[dimension].slice(0, largest)) costs.push(await costOf(way, dimension, size, threads));
    console.log(`\n${way === "whole" ? "the whole graph" : "layer by layer"}\n${tableOf(costs, way)}`);
    await writeFigures(json, { machine: here, threads, costs });
  }
};

const costOf = async (way: Cost["way"], dimension: Dimension, size: number, threads: number): Promise<Cost> => {
  const of = (name: Dimension): number => (name === dimension ? size : USUAL[name]);
  const model = {
    ...PRESETS.bench,
    num_hidden_layers: of("layers"),
    num_experts: of("experts"),
    max_position_embeddings: Math.max(...SIZES.sequence),
  };
  const network = drawnNetwork(model, { groups: 1, sequence: of("sequence"), shard: "restricted", codec: "float32" });
  const { measured } = await measuredStep(network, { way, batchSize: 1, threads });
  return {
    way,
    dimension,
    size,
    seconds: measured.stepSeconds,
    memory: Math.max(1, measured.peakResident - PROGRAM_BYTES),
  };
};

const tableOf = (costs: readonly Cost[], way: Cost["way"]): string =>
  table([
    ["", "size", "step", "memory", "time grows by", "memory grows by"],
    ...(Object.keys(SIZES) as Dimension[]).flatMap((dimension) => {
      const own = costs.filter((cost) => cost.way === way && cost.dimension === dimension);
      const exponent = (of: "seconds" | "memory") => exponentOf(own.map((cost) => [cost.size, cost[of]])).toFixed(2);
      return own.map((cost, i) => [
        i === 0 ? dimension : "",
        String(cost.size),
        `${cost.seconds.toFixed(2)} s`,
        bytes(cost.memory),
        i === 0 ? exponent("seconds") : "",
        i === 0 ? exponent("memory") : "",
      ]);
    }),
  ]);
