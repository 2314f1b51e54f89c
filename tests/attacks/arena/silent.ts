import { setWeightsOnce } from "#shared/participant/weights/set-weights.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { agreeOn } from "#validator/merge/merge-cycle.js";
import { remember } from "#validator/outcome/history.js";
import { learnProgress } from "#validator/outcome/progress.js";
import { setWeights } from "#validator/weights.js";
import { NETUID } from "../../support/micro-network.js";
import type { Subnet } from "../../support/subnet.js";
import type { TestValidator } from "../../support/validator.js";
import type { SilentWeights } from "../attack.js";

/** A validator that writes no record. */
export interface SilentValidator {
  readonly name: string;
  /** Begins a cycle: what it will send, all in the merge phase, and its end. */
  begin(cycle: number): Promise<{ readonly extrinsics: number; readonly done: Promise<void> }>;
}

/** @param model validator whose weights it takes, a name */
export const openSilent = (
  validator: TestValidator,
  subnet: Subnet,
  { name, how, model }: { readonly name: string; readonly how: SilentWeights; readonly model: string },
): SilentValidator => {
  const { participant, weights } = validator;
  const { chain, clock, network, signal } = participant;
  const windowOf = (cycle: number) => phaseWindow(cycle, "merge", network.phases);
  /** As a validator does it that measured nothing. */
  const tally = async (cycle: number): Promise<void> => {
    await clock.reach(windowOf(cycle).start, signal);
    const agreed = await agreeOn(participant, cycle);
    remember(validator, cycle, agreed, await learnProgress(validator, cycle, agreed));
    await setWeights(validator, cycle, agreed.base);
  };
  return {
    name,
    async begin(cycle) {
      if (how === "tallied") return { extrinsics: 1, done: tally(cycle) };
      const rows = how === "none" ? [] : await chain.weights(NETUID);
      const mirrored = rows.find(({ uid }) => uid === subnet.uid(model))?.weights ?? [];
      if (mirrored.length === 0) return { extrinsics: 0, done: Promise.resolve() };
      const window = windowOf(cycle);
      const set = async () => {
        await clock.reach(window.start, signal);
        await setWeightsOnce(weights, { key: String(window.start), weights: mirrored, window });
      };
      return { extrinsics: 1, done: set() };
    },
  };
};
