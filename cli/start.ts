import { addCommand, addExamples, createProgram, runProgram } from "#shared/cli/program.js";
import { commandsFor, headingOf } from "./program.js";

const program = createProgram("blockzero", "Tools of the subnet owner, and a whole subnet on one machine.");
for (const command of await commandsFor(process.argv[2])) addCommand(program, command, headingOf(command.name));
addExamples(program, [
  "blockzero localnet --cycles 1",
  "blockzero wallet create --wallet.name main --wallet.hotkey miner-1",
  "blockzero audit --help",
]);
await runProgram(program);
