import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { compileCasesOf, compiledModel } from "./cases.js";
import { measureCompilations } from "./measure.js";
import { describeCompilations } from "./report.js";

export const compileBench: CommandSpec = {
  name: "compile",
  description: "how long programs of many layers and experts take to build, before they run",
  examples: ["npm run bench -- compile"],
  define: (command) =>
    command
      .option("--rounds <n>", "times to build each; the median counts", wholeNumber(1), 3)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ rounds, json }: { readonly rounds: number; readonly json?: string }): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const { num_hidden_layers: layers, num_experts: experts, hidden_size: width } = compiledModel;
  console.log(`${layers} layers × ${experts} experts of width ${width}`);
  const compilations = await measureCompilations(compiledModel, compileCasesOf(compiledModel), rounds);
  console.log(describeCompilations(compilations));
  await writeFigures(json, { machine: here, rounds, compilations });
};
