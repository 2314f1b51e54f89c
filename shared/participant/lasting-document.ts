import type { SprintPurpose } from "#shared/protocol/seed.js";
import { isSeedInForce } from "./await-seeds.js";
import type { ValueWaiting } from "./beacon/await-value.js";
import { faultFields } from "./fault-fields.js";
import { makeLasting } from "./make-lasting.js";
import { seedReplaced } from "./seed-replaced.js";

/**
 * The hash of a signed document, and the seed of a Sprint by which it was made. A seed of null replaces none: a former version did not write it down.
 */
export interface MadeBySeed {
  readonly hash: string;
  readonly seed: string | null;
}

interface LastingDocument {
  readonly cycle: number;
  readonly purpose: SprintPurpose;
  /** First block of the window for its record, before which nothing is asked: a fork may still come. */
  readonly start: number;
  /** Block from which on nothing is begun any more, since the record must go out. Unset: it is made again as often as it takes. */
  readonly last?: number;
  /** What was signed before a restart, or before a fault after which this is begun again. Null if nothing was. */
  readonly kept: MadeBySeed | null;
  readonly make: () => Promise<MadeBySeed | null>;
  /** What the log says where it is made again. */
  readonly again: string;
}

/**
 * The hash of a document by a Sprint's seed that the chain still has when the record can go out. Null if there is none to make.
 *
 * @throws BlockZeroError SPRINT_SEED_REPLACED where no time is left to make it again; what making it throws
 */
export const lastingDocument = async (
  participant: ValueWaiting,
  { cycle, purpose, start, last = Number.POSITIVE_INFINITY, kept, make, again }: LastingDocument,
): Promise<string | null> => {
  const { clock, log, signal } = participant;
  const made = await makeLasting({
    kept,
    make,
    isInForce: async (one) => {
      if (one === null || one.seed === null) return true;
      await clock.reach(start - 1, signal);
      return isSeedInForce(participant, { cycle, purpose }, one.seed);
    },
    onReplaced: () => {
      const replaced = seedReplaced(cycle, purpose);
      if (clock.head.number >= last) throw replaced;
      log.warn(again, { cycle, ...faultFields(replaced) });
    },
  });
  return made?.hash ?? null;
};
