import type { Command } from "commander";
import { addCommand, singleCommand } from "#shared/cli/program.js";
import { affinityCommand } from "./affinity/command.js";
import { checkupCommand } from "./checkup/command.js";
import { minerCommand } from "./command.js";
import { trainerCommands } from "./own-trainer/check-command.js";
import { planCommand } from "./plan/plan-command.js";
import { receiptCommands } from "./receipts/receipt-command.js";
import { scoreCommand } from "./score/command.js";

/**
 * `blockzero-miner` itself, `plan`, `score`, `affinity`, `trainer` and `checkup`, which have some of its settings, and `receipt`: each takes the
 * flags that follow it.
 */
export const minerProgram = (): Command => {
  const program = singleCommand(minerCommand).enablePositionalOptions();
  addCommand(program, planCommand);
  addCommand(program, scoreCommand);
  addCommand(program, affinityCommand);
  addCommand(program, trainerCommands);
  addCommand(program, checkupCommand);
  addCommand(program, receiptCommands);
  return program;
};
