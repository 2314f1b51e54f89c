import type { Call } from "#shared/chain/devchain/calls.js";
import { serveAxon } from "./rules/axon.js";
import { setCommitment } from "./rules/commitments.js";
import type { Origin } from "./rules/origin.js";
import { burnedRegister } from "./rules/registration.js";
import { addStake } from "./rules/staking.js";
import { sudo } from "./rules/sudo.js";
import { commitTimelockedWeights, commitWeights, revealWeights } from "./rules/weight-commitments.js";
import { setWeights } from "./rules/weights.js";
import type { ChainState } from "./state.js";

/** The state after a call. Throws `Fault` with subtensor's error name if a rule forbids it. Pure. */
export const dispatch = (state: ChainState, call: Call, origin: Origin): ChainState => {
  switch (call.name) {
    case "burnedRegister":
      return burnedRegister(state, call.args, origin);
    case "serveAxon":
      return serveAxon(state, call.args, origin);
    case "setCommitment":
      return setCommitment(state, call.args, origin);
    case "setWeights":
      return setWeights(state, call.args, origin);
    case "commitWeights":
      return commitWeights(state, call.args, origin);
    case "revealWeights":
      return revealWeights(state, call.args, origin);
    case "commitTimelockedWeights":
      return commitTimelockedWeights(state, call.args, origin);
    case "addStake":
      return addStake(state, call.args, origin);
    case "sudo":
      return sudo(state, call.args, origin);
  }
};
