import { addCommand, createProgram, runProgram } from "#shared/cli/program.js";
import { commandsFor } from "./program.js";

const program = createProgram("blockzero", "Tools of the subnet owner, and a whole subnet on one machine.");
for (const command of await commandsFor(process.argv[2])) addCommand(program, command);
await runProgram(program);
