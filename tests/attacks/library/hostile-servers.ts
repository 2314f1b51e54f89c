import { HTTP_BEHAVIOURS, hostileServer } from "../../support/hostile-server.js";
import type { Attack } from "../attack.js";

/** Answers that end a request without what was asked for, each at once. */
const BEHAVIOURS = ["switches protocols", "resets when asked", "sends other bytes", "continues for ever"] as const;

export const hostileServers: Attack = {
  name: "hostile-servers",
  description: "servers that switch protocols, reset, send other bytes, or interim answers without end",
  identities: BEHAVIOURS.length,
  submit: async ({ scope, identities, train, forge }) => {
    const tensors = await train();
    return Promise.all(
      BEHAVIOURS.map(async (name, i) => {
        const location = await hostileServer(scope, HTTP_BEHAVIOURS[name]!);
        return { forged: forge({ miner: identities[i]!, tensors, location }), served: false };
      }),
    );
  },
};
