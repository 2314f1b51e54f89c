import { roundAt } from "#shared/chain/timelock/beacon.js";
import { type Check, failure, ok, warning } from "../check.js";

/** A pulse of that age must have arrived on chain. */
const DELIVERY_MS = 60_000;

/** The chain has the pulses of the beacon that the settings name; timelocked weights are opened by them. */
export const beaconCheck: Check = {
  name: "beacon",
  deadlineMs: 20_000,
  needs: "chain",
  run: async ({ role, beacon, chain, config: { netuid } }) => {
    if (role === "miner" || beacon === undefined) return ok("a miner needs none");
    const connected = await chain();
    const { weightsMode } = await connected.hyperParameters(netuid);
    if (weightsMode !== "timelock") return ok("weights are not under a timelock here");
    const { timestamp } = await connected.head();
    const round = roundAt(timestamp - DELIVERY_MS, beacon);
    const remedy = "compare drand.* with the beacon that the chain follows";
    if (round === 0) return failure("the beacon begins only later", remedy);
    if ((await connected.pulse(round)) !== null) return ok(`the chain has the pulse of round ${round}`);
    return warning(
      `the chain has no pulse of round ${round}: weights are committed by hash, and this program must be up to reveal them`,
      remedy,
    );
  },
};
