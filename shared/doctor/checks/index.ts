import type { Check } from "../check.js";
import { beaconCheck } from "./beacon.js";
import { chainClockCheck, clockCheck } from "./clock.js";
import { deviceCheck } from "./device.js";
import { diskCheck, diskSpaceCheck } from "./disk.js";
import { endpointCheck } from "./endpoint.js";
import { limitsCheck } from "./limits.js";
import { memoryCheck } from "./memory.js";
import { networkCheck } from "./network.js";
import { nodeCheck } from "./node.js";
import { planCheck } from "./plan.js";
import { portCheck } from "./port.js";
import { proxyCheck } from "./proxy.js";
import { registrationCheck, stakeCheck } from "./registration.js";
import { stateCheck } from "./state.js";
import { storeCheck } from "./store.js";
import { walletCheck } from "./wallet.js";
import { wandbCheck } from "./wandb.js";

/** All checks, from the machine to the subnet, in the order in which a fault explains those after it. */
export const CHECKS: readonly Check[] = [
  nodeCheck,
  memoryCheck,
  diskCheck,
  limitsCheck,
  proxyCheck,
  endpointCheck,
  clockCheck,
  walletCheck,
  registrationCheck,
  stakeCheck,
  networkCheck,
  stateCheck,
  portCheck,
  storeCheck,
  wandbCheck,
  beaconCheck,
  planCheck,
  deviceCheck,
];

/** Those that take no time. A program runs them at each start, once it has joined; joining looks at the rest. */
export const START_CHECKS: readonly Check[] = [
  memoryCheck,
  diskSpaceCheck,
  limitsCheck,
  proxyCheck,
  chainClockCheck,
  stakeCheck,
  planCheck,
];
