import { HTTP_BEHAVIOURS, hostileServer } from "../../support/hostile-server.js";
import type { Attack } from "../attack.js";

const HOTKEYS = 12;
/** Of them so many are paid by turns; the others are the crowd. */
const WORKING = 4;
/** Another address of loopback than that of the honest miners: places to be asked are shared by address. */
const ADDRESS = "127.0.0.2";

/**
 * A cycle in which validators never came to ask a miner is left out of its mean: so it would be paid for its one good cycle in four, were all of them
 * to fail on it.
 */
export const parkedBehindOwnCrowd: Attack = {
  name: "parked-behind-own-crowd",
  description:
    "one machine and four hotkeys that take turns to train; who does not reveals something at an address where a crowd of its own takes all places to be asked",
  identities: HOTKEYS,
  isPatient: true,
  submit: async ({ scope, cycle, identities, train, forge }) => {
    const tensors = await train();
    const location = await hostileServer(scope, HTTP_BEHAVIOURS["drips chunks"]!, ADDRESS);
    return identities.map((miner, i) =>
      i === (cycle - 1) % WORKING
        ? { forged: forge({ miner, tensors }) }
        : { forged: forge({ miner, tensors, location }), served: false },
    );
  },
};
