#!/usr/bin/env node
import { addCommand, createProgram, runProgram } from "#shared/cli/program.js";
import { devchain } from "./commands/devchain.js";
import { localnet } from "./commands/localnet.js";

const program = createProgram("blockzero", "Tools of the subnet owner, and a whole subnet on one machine.");
for (const command of [localnet, devchain]) addCommand(program, command);
await runProgram(program);
