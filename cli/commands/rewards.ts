import type { CommandGroup } from "#shared/cli/program.js";
import { replay } from "./rewards/replay.js";
import { simulate } from "./rewards/simulate.js";
import { tune } from "./rewards/tune.js";

export const rewards: CommandGroup = {
  name: "rewards",
  description: "choose a reward curve: simulate it, tune it, replay history under it",
  commands: [simulate, tune, replay],
};
