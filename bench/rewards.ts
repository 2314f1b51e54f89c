import { TYPICAL_ECONOMY } from "#owner/rewards/economy.js";
import { measure } from "#owner/rewards/measures.js";
import { scalePopulation, TYPICAL_POPULATION } from "#owner/rewards/population.js";
import { simulate } from "#owner/rewards/simulate.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { verdict } from "./format.js";
import { describeMachine, machine } from "./machine.js";
import { median } from "./median.js";
import { figuresOption, writeFigures } from "./options.js";

const CYCLES = 1000;
const MINERS = 256;
const TARGET_SECONDS = 10;

export const rewardsBench: CommandSpec = {
  name: "rewards",
  description: `how long a simulated economy of ${MINERS} miners takes for ${CYCLES} cycles, through window, weights and Yuma`,
  examples: ["npm run bench -- rewards"],
  define: (command) =>
    command
      .option("--rounds <n>", "times to simulate; the median counts", wholeNumber(1), 3)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ rounds, json }: { readonly rounds: number; readonly json?: string }): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const kinds = scalePopulation(TYPICAL_POPULATION, MINERS);
  const miners = kinds.reduce((sum, { count }) => sum + count, 0);
  const times: number[] = [];
  for (let seed = 1; seed <= rounds; seed++) {
    const begin = performance.now();
    const simulation = simulate({ economy: TYPICAL_ECONOMY, kinds, cycles: CYCLES, seed });
    measure(simulation, { emission: TYPICAL_ECONOMY.emission, cycles: CYCLES });
    times.push((performance.now() - begin) / 1000);
  }
  const seconds = median(times);
  const met = seconds < TARGET_SECONDS;
  console.log(
    `${CYCLES} cycles of ${miners} miners: ${seconds.toFixed(2)} s (target: under ${TARGET_SECONDS} s): ${verdict(met)}`,
  );
  await writeFigures(json, { machine: here, cycles: CYCLES, miners, times, seconds, target: TARGET_SECONDS, met });
};
