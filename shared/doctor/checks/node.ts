import { packageInfo } from "#shared/cli/package-info.js";
import { nodeProblem } from "#shared/cli/require-node.js";
import { type Check, failure, ok, warning } from "../check.js";

const RECOMMENDED = 24;

export const nodeCheck: Check = {
  name: "node",
  deadlineMs: 1_000,
  run: async ({ machine: { nodeVersion } }) => {
    const floor = packageInfo.engines.node;
    if (nodeProblem(nodeVersion, floor) !== null)
      return failure(`Node ${nodeVersion} is too old, ${floor} is needed`, `install Node ${RECOMMENDED}`);
    if (Number.parseInt(nodeVersion, 10) < RECOMMENDED)
      return warning(`Node ${nodeVersion} works, ${RECOMMENDED} is recommended`, `install Node ${RECOMMENDED}`);
    return ok(`Node ${nodeVersion}`);
  },
};
