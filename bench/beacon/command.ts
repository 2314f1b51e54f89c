import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { MAX_CONTRIBUTORS } from "#shared/protocol/network-file/contribution-rules.js";
import { milliseconds, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { type Cost, measureContributions, measureGroup } from "./measure.js";

/** Processor seconds that sealing, reading, opening and mixing 64 contributions may take. */
const MOST_SECONDS = 3;

interface Flags {
  readonly contributors: number;
  readonly members: number;
  readonly json?: string;
}

export const beaconBench: CommandSpec = {
  name: "beacon",
  description:
    "processor time of a beacon's value: sealed contributions, and a threshold group from its keys to a signature",
  examples: ["npm run bench -- beacon", "npm run bench -- beacon --members 64"],
  define: (command) =>
    command
      .option("--contributors <n>", "contributions to seal, open and mix", wholeNumber(1), MAX_CONTRIBUTORS)
      .option("--members <n>", "members of the threshold group, of equal weight", wholeNumber(1), 16)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ contributors, members, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  await measureContributions(4);
  const { costs, opened } = await measureContributions(contributors);
  const seconds = costs.reduce((sum, cost) => sum + cost.seconds, 0);
  console.log(`\n${opened} of ${contributors} contributions opened\n${describe(costs)}`);
  const met = seconds < MOST_SECONDS && opened === contributors;
  console.log(`  ${seconds.toFixed(2)} s of CPU together, less than ${MOST_SECONDS} s: ${verdict(met)}`);
  const group = await measureGroup(members);
  console.log(`\na group of ${members} members\n${describe(group.costs)}`);
  console.log(`  its signature holds: ${verdict(group.holds)}`);
  await writeFigures(json, { machine: here, contributors, opened, costs, seconds, members, group });
  if (!met || !group.holds) process.exitCode = 1;
};

const describe = (costs: readonly Cost[]): string =>
  table([
    ["", "times", "CPU", "each"],
    ...costs.map(({ what, times, seconds }) => [
      what,
      `${times}`,
      `${seconds.toFixed(3)} s`,
      milliseconds((1000 * seconds) / times),
    ]),
  ]);
