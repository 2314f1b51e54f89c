#!/usr/bin/env node
import { runProgram, singleCommand } from "#shared/cli/program.js";
import { minerCommand } from "./command.js";

await runProgram(singleCommand(minerCommand));
