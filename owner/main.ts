#!/usr/bin/env node
import { addCommand, createProgram, runProgram } from "#shared/cli/program.js";
import { commands } from "./program.js";

const program = createProgram("blockzero", "Tools of the subnet owner, and a whole subnet on one machine.");
for (const command of commands) addCommand(program, command);
await runProgram(program);
