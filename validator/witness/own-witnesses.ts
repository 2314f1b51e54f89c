import type { DeviceKind } from "#shared/engine/runtime/device-choice.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import { faultFields } from "#shared/participant/fault-fields.js";
import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { formatBytes } from "#shared/util/format-bytes.js";
import { onAbort } from "#shared/util/on-abort.js";
import { beforeReveal } from "../before-reveal.js";
import { planWitness, type WitnessPlan } from "./plan-witness.js";
import { trainWitness } from "./train-witness.js";
import { witnessFiles } from "./witness-files.js";
import { witnessProcess } from "./witness-process.js";
import { witnessWeights } from "./witness-weights.js";
import { WITNESSES, type Witnesses } from "./witnesses.js";

export interface OwnWitnessesOptions {
  readonly device: DeviceKind;
  /** Whether it computes in the machine's memory. */
  readonly hostMemory: boolean;
  /** Predicts when a block will come. Without it, a training ends when the reveal phase begins, and others have no time. */
  readonly timer?: BlockTimer;
  /** Bytes that a training may take (`witnessMemory`). */
  readonly memory: number;
}

/** What to do where the time is too short. */
const TOO_SLOW = "give the validator a faster device, or have the owner lower scoring.witness.steps";

/**
 * Witnesses that this program trains, one after another, as the network file says (`scoring.witness`). Each has an equal part of the time that is
 * left.
 *
 * One that took less than half of its steps is none: it would be like short trainings rather than like usual ones. Its group's second is not
 * trained then, and the time of both is for the groups after it.
 */
export const ownWitnesses = (options: OwnWitnessesOptions): Witnesses => {
  const { hostMemory } = options;
  /** Planning makes the graph of a whole training step: once a network. */
  const plans = new WeakMap<Network, Promise<WitnessPlan>>();
  const planOf = (network: Network): Promise<WitnessPlan> => {
    const plan = plans.get(network) ?? planWitness(network, { memory: options.memory, hostMemory });
    plans.set(network, plan);
    return plan;
  };
  return {
    async train(participant, cycle, model) {
      const { home, network, log } = participant;
      if (network.scoring.witness === undefined) return;
      const files = witnessFiles(home);
      await files.sweep({ cycle, model });
      const wanted = Object.keys(network.groups).flatMap((group) =>
        Array.from({ length: WITNESSES }, (_, index) => ({ place: { cycle, model, group }, index })),
      );
      const missing = wanted.filter(({ place, index }) => !files.has(place, index));
      if (missing.length === 0) return;
      const needed = (await planOf(network)).memory;
      if (hostMemory && needed > options.memory)
        return log.warn("too little memory for trainings of one's own: independence is measured without them", {
          code: "WITNESS_MEMORY",
          cycle,
          needed: formatBytes(needed),
          left: formatBytes(options.memory),
          prevention: "lower evaluation.memory_gib, or use a machine with more memory (blockzero-validator plan)",
        });
      const failed = new Set<string>();
      const short: string[] = [];
      const weights = witnessWeights(files);
      const process = witnessProcess(log);
      const trained = await beforeReveal(participant, cycle, async (until) => {
        // One that does not answer is killed.
        onAbort(until, () => void process.close());
        for (const [at, { place, index }] of missing.entries()) {
          const { group } = place;
          // One alone says nothing.
          if (failed.has(group)) continue;
          const part = 1 / (missing.length - at);
          try {
            const shared = { files, weights, process };
            if (await trainWitness(participant, { ...options, ...place, index, until, part, ...shared })) continue;
            failed.add(group);
            short.push(group);
          } catch (thrown) {
            until.throwIfAborted();
            // A group whose text cannot be had takes nothing from the others.
            failed.add(group);
            log.warn("a training of one's own failed: the group's independence is measured without it", {
              cycle,
              group,
              ...faultFields(thrown),
            });
          }
        }
        return true;
      }).finally(() => process.close().finally(files.end));
      if (short.length > 0)
        log.warn("too few steps in trainings of one's own: independence of these groups is measured without them", {
          code: "WITNESS_SHORT",
          cycle,
          groups: short.join(" "),
          wanted: network.scoring.witness.steps,
          prevention: TOO_SLOW,
        });
      const { start } = phaseWindow(cycle, "reveal", network.phases);
      if (trained === "late")
        log.warn("no time for trainings of one's own", {
          code: "WITNESS_SHORT",
          cycle,
          before: start,
          prevention: `nothing in this cycle: independence is measured without; ${TOO_SLOW}`,
        });
    },
    open: ({ home }, place) => witnessFiles(home).open(place),
  };
};
