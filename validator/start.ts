import { runProgram, singleCommand } from "#shared/cli/program.js";
import { validatorCommand } from "./command.js";

await runProgram(singleCommand(validatorCommand));
