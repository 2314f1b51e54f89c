import type { CommandGroup } from "#shared/cli/program.js";
import { check } from "./data/check.js";
import { pack } from "./data/pack.js";

export const data: CommandGroup = {
  name: "data",
  description: "make packs of text, and look at what a file of text is worth",
  commands: [pack, check],
};
