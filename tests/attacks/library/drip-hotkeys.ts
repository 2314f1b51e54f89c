import { HTTP_BEHAVIOURS, hostileServer } from "../../support/hostile-server.js";
import type { Attack } from "../attack.js";

const HOTKEYS = 40;

/** Another address of loopback than that of the honest miners: places to be asked are shared by address. */
const ADDRESS = "127.0.0.2";

export const dripHotkeys: Attack = {
  name: "drip-hotkeys",
  description: "40 hotkeys whose updates drip from one address, so that no time is left to fetch the others'",
  identities: HOTKEYS,
  isPatient: true,
  submit: async ({ scope, identities, train, forge }) => {
    const tensors = await train();
    const location = await hostileServer(scope, HTTP_BEHAVIOURS["drips chunks"]!, ADDRESS);
    return identities.map((miner) => ({ forged: forge({ miner, tensors, location }), served: false }));
  },
};
