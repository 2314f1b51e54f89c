import type { Command } from "commander";
import { minerProgram } from "#miner/program.js";
import { addCommand, type CommandGroup, type CommandSpec, createProgram } from "#shared/cli/program.js";
import { validatorProgram } from "#validator/program.js";

/** The three programs, `blockzero` with these commands. */
export const wholePrograms = (commands: readonly (CommandSpec | CommandGroup)[]): readonly Command[] => {
  const blockzero = createProgram("blockzero", "Tools of the subnet owner, and a whole subnet on one machine.");
  for (const spec of commands) addCommand(blockzero, spec);
  return [blockzero, minerProgram(), validatorProgram()];
};
