import { Option } from "commander";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { codecCases } from "./cases.js";
import { type CaseFigures, compare, describeCase, isMissed } from "./report.js";
import { type Outcome, openBench } from "./train.js";

interface Flags {
  readonly case: readonly string[];
  readonly threads: number;
  readonly json?: string;
}

export const codecsBench: CommandSpec = {
  name: "codecs",
  description: "What compressing updates costs in held-out loss and saves in bytes, and DiLoCo's gap to data-parallel.",
  examples: ["npm run bench -- codecs", "npm run bench -- codecs --case workers --json workers.json"],
  define: (command) => {
    const names = codecCases.map(({ name }) => name);
    command
      .addOption(new Option("--case <name...>", "cases to run").choices(names).default(names))
      .option("--threads <n>", "processor threads", wholeNumber(1), 1)
      .addOption(figuresOption())
      .action(run);
  },
};

const run = async ({ case: names, threads, json }: Flags): Promise<void> => {
  const here = machine();
  console.log(`${describeMachine(here)}; ${threads} threads`);
  const device = onnxCpu({ threads });
  const figures: CaseFigures[] = [];
  for (const codecCase of codecCases.filter(({ name }) => names.includes(name))) {
    const bench = await openBench(device, codecCase.scale);
    const outcomes: Outcome[] = [];
    for (const one of codecCase.runs) {
      const outcome = await bench.train(one);
      outcomes.push(outcome);
      console.error(`${codecCase.name}, ${one.name}: ${outcome.seconds.toFixed(0)} s, loss ${outcome.loss.toFixed(4)}`);
    }
    await bench.dispose();
    const compared = compare(codecCase, bench, outcomes);
    figures.push(compared);
    console.log(`\n${describeCase(codecCase, compared)}`);
  }
  await writeFigures(json, { machine: here, threads, cases: figures });
  if (isMissed(figures)) process.exitCode = 1;
};
