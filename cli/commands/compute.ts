import type { CommandGroup } from "#shared/cli/program.js";
import { bench } from "./compute/bench.js";
import { simulate } from "./compute/simulate.js";
import { status } from "./compute/status.js";
import { verify } from "./compute/verify.js";

export const compute: CommandGroup = {
  name: "compute",
  description:
    "look at Sprints: what miners proved to compute, a proof of one, what this machine would prove, and what rules would pay",
  commands: [status, verify, bench, simulate],
};
