import { runProgram } from "#shared/cli/program.js";
import { validatorProgram } from "./program.js";

await runProgram(validatorProgram());
