import type { Command } from "commander";
import { addCommand, singleCommand } from "#shared/cli/program.js";
import { validatorCommand } from "./command.js";
import { validatorPlanCommand } from "./plan/plan-command.js";

/** `blockzero-validator` itself, and `plan`, which has some of its settings: each takes the flags that follow it. */
export const validatorProgram = (): Command => {
  const program = singleCommand(validatorCommand).enablePositionalOptions();
  addCommand(program, validatorPlanCommand);
  return program;
};
