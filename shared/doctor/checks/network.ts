import { groupNamed } from "#shared/model/groups.js";
import { networkHash } from "#shared/protocol/network.js";
import { phaseAt } from "#shared/protocol/phases.js";
import { type Check, ok } from "../check.js";

/** The network file can be had, is what the chain names, and has the miner's group. */
export const networkCheck: Check = {
  name: "network",
  deadlineMs: 60_000,
  needs: "chain",
  run: async ({ chain, network, config: { expert_group } }) => {
    const found = await network();
    if (expert_group !== undefined) groupNamed(found, expert_group);
    const { number } = await (await chain()).head();
    const { cycle, phase } = phaseAt(number, found.phases);
    return ok(`${found.name} (${networkHash(found).slice(0, 12)}), cycle ${cycle}, ${phase}`);
  },
};
