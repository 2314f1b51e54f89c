import { runProgram } from "#shared/cli/program.js";
import { minerProgram } from "./program.js";

await runProgram(minerProgram());
