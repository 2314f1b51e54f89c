import { runProgram, singleCommand } from "#shared/cli/program.js";
import { attacksCommand } from "./command.js";

await runProgram(singleCommand(attacksCommand));
