import { setWeightsOnce } from "#shared/participant/weights/set-weights.js";
import { openWeights } from "#shared/participant/weights/weights-context.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { beaconOf } from "#validator/config.js";
import { NETUID } from "../../support/micro-network.js";
import type { Subnet } from "../../support/subnet.js";
import type { SilentWeights } from "../attack.js";

/** A validator that writes no record. */
export interface SilentValidator {
  readonly name: string;
  /** Begins a cycle: what it will send, all in the merge phase, and its end. */
  begin(cycle: number): Promise<{ readonly extrinsics: number; readonly done: Promise<void> }>;
}

/** @param model validator whose weights it takes, a name */
export const openSilent = async (
  subnet: Subnet,
  name: string,
  how: SilentWeights,
  model: string,
): Promise<SilentValidator> => {
  const participant = await subnet.join(name);
  const { chain, clock, network, signal } = participant;
  const weights = openWeights(participant, beaconOf(subnet.validatorConfig(name)));
  return {
    name,
    async begin(cycle) {
      const rows = how === "none" ? [] : await chain.weights(NETUID);
      const mirrored = rows.find(({ uid }) => uid === subnet.uid(model))?.weights ?? [];
      if (mirrored.length === 0) return { extrinsics: 0, done: Promise.resolve() };
      const window = phaseWindow(cycle, "merge", network.phases);
      const set = async () => {
        await clock.reach(window.start, signal);
        await setWeightsOnce(weights, { key: String(window.start), weights: mirrored, window });
      };
      return { extrinsics: 1, done: set() };
    },
  };
};
