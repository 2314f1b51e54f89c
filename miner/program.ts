import type { Command } from "commander";
import { addCommand, singleCommand } from "#shared/cli/program.js";
import { minerCommand } from "./command.js";
import { planCommand } from "./plan-command.js";

/** `blockzero-miner` itself, and `blockzero-miner plan`, which has the same settings: each takes the flags that follow it. */
export const minerProgram = (): Command => {
  const program = singleCommand(minerCommand).enablePositionalOptions();
  addCommand(program, planCommand);
  return program;
};
