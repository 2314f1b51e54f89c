import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import type { MergeRule } from "#shared/protocol/network-file/training.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { attackers, nobody } from "./attackers.js";
import { type Defence, openSimulation } from "./simulate.js";

interface Flags {
  readonly cycles: number;
  readonly honest: number;
  readonly attackers: number;
  readonly json?: string;
}

const rules: readonly { readonly name: string; readonly merge: MergeRule }[] = [
  { name: "mean", merge: { rule: "weighted-mean", clip: "none" } },
  { name: "clipped mean", merge: { rule: "weighted-mean", clip: "median-norm" } },
  { name: "trimmed mean", merge: { rule: "trimmed-mean", trim: 0.34 } },
  { name: "geometric median", merge: { rule: "geometric-median", iterations: 16 } },
  { name: "centred clipping", merge: { rule: "centred-clipping", iterations: 4 } },
];

export const defencesBench: CommandSpec = {
  name: "defences",
  description:
    "Held-out loss after some cycles, for each rule of merging under each attack, with and without Proof-of-Loss.",
  examples: ["npm run bench -- defences"],
  define: (command) =>
    command
      .option("--cycles <n>", "cycles", wholeNumber(1), 10)
      .option("--honest <n>", "honest miners", wholeNumber(1), 4)
      .option("--attackers <n>", "attackers", wholeNumber(1), 2)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ json, ...field }: Flags): Promise<void> => {
  const simulation = await openSimulation(onnxCpu({ threads: 1 }), field);
  console.log(
    `${describeMachine(machine())}\n${field.honest} honest miners and ${field.attackers} attackers, ${field.cycles} cycles; ` +
      `held-out loss, nats a byte, ${simulation.startLoss.toFixed(3)} at first`,
  );
  const figures: Record<string, Record<string, Record<string, number>>> = {};
  for (const scored of [false, true]) {
    const title = scored
      ? "with Proof-of-Loss: shares by score"
      : "the rule alone: everything is merged, in equal shares";
    const rows: string[][] = [["", ...rules.map(({ name }) => name)]];
    const losses: Record<string, Record<string, number>> = {};
    for (const attacker of [null, ...attackers]) {
      const name = attacker?.name ?? nobody;
      const row: Record<string, number> = {};
      for (const rule of rules) {
        const defence: Defence = { ...rule, scored };
        row[rule.name] = await simulation.run(defence, attacker);
      }
      losses[name] = row;
      rows.push([name, ...Object.values(row).map((loss) => loss.toFixed(3))]);
    }
    figures[title] = losses;
    console.log(`\n${title}\n${table(rows)}`);
  }
  await simulation.dispose();
  await writeFigures(json, { machine: machine(), field, startLoss: simulation.startLoss, figures });
};
