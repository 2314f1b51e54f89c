import { addCommand, createProgram, runProgram } from "#shared/cli/program.js";
import { benches } from "./benches.js";

const program = createProgram("npm run bench --", "Measures this software beside its peers, in one run.");
for (const bench of benches) addCommand(program, bench);
await runProgram(program);
