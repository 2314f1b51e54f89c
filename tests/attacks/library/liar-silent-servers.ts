import { HTTP_BEHAVIOURS, hostileServer } from "../../support/hostile-server.js";
import type { Attack } from "../attack.js";

/** Hotkeys beside the one that is to be paid. */
const SILENT = ["eve2", "eve3", "eve4"] as const;

const silence = HTTP_BEHAVIOURS["accepts and is silent"]!;

export const liarSilentServers: Attack = {
  name: "liar-silent-servers",
  description:
    "takes one step; a validator with 49 % of the stake names in all its records a server that takes connections and says nothing, and so do three more hotkeys",
  identities: 1 + SILENT.length,
  submit: async ({ scope, train, forge }) => {
    const tensors = await train({ steps: 1 });
    const silent = SILENT.map(async (miner) => {
      const location = await hostileServer(scope, silence);
      return { forged: forge({ miner, tensors, location }), served: false };
    });
    return [{ forged: forge({ miner: "eve1", tensors }) }, ...(await Promise.all(silent))];
  },
  lie: { shows: "nobody", location: (scope) => hostileServer(scope, silence) },
};
