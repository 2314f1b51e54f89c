import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { DEFAULT_SAFETENSORS_LIMITS } from "#shared/tensor-files/safetensors.js";
import { bytes, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { collect } from "../memory/sample.js";
import { figuresOption, writeFigures } from "../options.js";
import { type BombCost, bombs, detonate } from "./bombs.js";
import { type FuzzOutcome, fuzz } from "./run.js";
import { fuzzTargets } from "./targets.js";

interface Flags {
  readonly inputs: number;
  readonly seed: string;
  readonly only?: readonly string[];
  readonly json?: string;
}

/** What may be left in memory of all inputs, garbage collected, beyond what the first hundredth leaves. */
const MOST_KEPT = 8e6;
/** Resident memory that an input as large as its reader takes may cost, and time: eight of the largest headers. */
const MOST_BOMB_BYTES = 8 * DEFAULT_SAFETENSORS_LIMITS.headerBytes;
const MOST_BOMB_MS = 2_000;

export const fuzzBench: CommandSpec = {
  name: "fuzz",
  description: "a million mutated files, documents and records through every reader of what strangers send",
  examples: ["npm run bench -- fuzz", "npm run bench -- fuzz --only safetensors --inputs 10000000 --seed 2"],
  define: (command) =>
    command
      .option("--inputs <n>", "mutated inputs in all", wholeNumber(100), 1_000_000)
      .option("--seed <text>", "another seed, other inputs", "1")
      .option("--only <target...>", "readers to try; all of them if not given")
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ inputs, seed, only, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const all = await fuzzTargets();
  const targets = all.filter(({ name }) => only?.includes(name) ?? true);
  const each = Math.ceil(inputs / Math.max(1, targets.length));
  for (const target of targets) await fuzz(target, { seed: `${seed}/warm up`, inputs: Math.ceil(each / 100) });
  const before = kept();
  const outcomes: FuzzOutcome[] = [];
  for (const target of targets) outcomes.push(await fuzz(target, { seed, inputs: each }));
  const left = kept() - before;
  console.log(`\n${describe(outcomes)}`);
  const total = outcomes.reduce((sum, { inputs }) => sum + inputs, 0);
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  const resident = process.memoryUsage.rss();
  console.log(`  ${total} inputs, ${(total / seconds).toFixed(0)} a second, no defect; ${bytes(resident)} resident`);
  console.log(`  ${bytes(left)} left of them, at most ${bytes(MOST_KEPT)}: ${verdict(left <= MOST_KEPT)}`);
  const costs = await detonate(bombs(), all, collect);
  console.log(`\n${describeBombs(costs)}`);
  const met = costs.every(({ growth, ms }) => growth <= MOST_BOMB_BYTES && ms <= MOST_BOMB_MS);
  console.log(`  at most ${bytes(MOST_BOMB_BYTES)} and ${MOST_BOMB_MS} ms: ${verdict(met)}`);
  await writeFigures(json, { machine: here, seed, outcomes, left, resident, bombs: costs });
  if (!met || left > MOST_KEPT) process.exitCode = 1;
};

/** Bytes in use after what waits to be collected has been. */
const kept = (): number => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const describe = (outcomes: readonly FuzzOutcome[]): string =>
  table([
    ["reader", "inputs", "a second", "mean size", "slowest", "outcomes"],
    ...outcomes.map(({ target, inputs, bytes, seconds, worstMs, outcomes: counts }) => [
      target,
      `${inputs}`,
      (inputs / seconds).toFixed(0),
      `${(bytes / inputs).toFixed(0)} B`,
      `${worstMs.toFixed(1)} ms`,
      Object.entries(counts)
        .map(([outcome, count]) => `${outcome} ${count}`)
        .join(", "),
    ]),
  ]);

const describeBombs = (costs: readonly BombCost[]): string =>
  table([
    ["as large as it may be", "size", "time", "memory"],
    ...costs.map(({ name, bytes: size, ms, growth }) => [name, bytes(size), `${ms.toFixed(0)} ms`, bytes(growth)]),
  ]);
