import type { Command } from "commander";
import { minerProgram } from "#miner/program.js";
import { addCommand, createProgram, singleCommand } from "#shared/cli/program.js";
import { validatorCommand } from "#validator/command.js";
import { allCommands, headingOf } from "./program.js";

/** The three programs with all of their commands. */
export const wholePrograms = async (): Promise<readonly Command[]> => {
  const blockzero = createProgram("blockzero", "Tools of the subnet owner, and a whole subnet on one machine.");
  for (const spec of await allCommands()) addCommand(blockzero, spec, headingOf(spec.name));
  return [blockzero, minerProgram(), singleCommand(validatorCommand)];
};
