import type { HyperParameters } from "#shared/chain/chain.js";
import { roundAt } from "#shared/chain/timelock/beacon.js";
import { deliveryBlocks } from "./reveal-round.js";
import type { WeightsContext } from "./weights-context.js";

/**
 * Whether the beacon's pulses do not reach the chain: the chain lacks a pulse that is old enough to open weights. A timelock would then be
 * lost. Weights are committed by hash instead, which every runtime with commit-reveal accepts.
 */
export const isBeaconSilent = async (
  { chain, clock, beacon, blockTime, log, metrics, signal }: WeightsContext,
  parameters: HyperParameters,
): Promise<boolean> => {
  const interval = await blockTime.measured(signal);
  const round = roundAt(clock.head.timestamp - deliveryBlocks(parameters) * interval, beacon);
  if (round === 0 || (await chain.pulse(round)) !== null) return false;
  metrics?.write({ "weights/beacon_silent": 1 });
  log.warn("no pulse of the beacon reaches the chain: weights are committed by hash", {
    code: "PULSE_MISSING",
    round,
    hint: "this program must be up to reveal them in the next epoch; compare drand.* with the beacon that the chain follows",
  });
  return true;
};
