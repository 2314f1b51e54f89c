import type { BlockZeroError } from "#shared/errors/error.js";
import type { SprintPurpose } from "#shared/protocol/seed.js";
import { isSeedInForce } from "./await-seeds.js";
import type { ValueWaiting } from "./beacon/await-value.js";
import { faultFields } from "./fault-fields.js";
import { seedReplaced } from "./seed-replaced.js";

interface Lasting<T> {
  readonly cycle: number;
  /** What was made before a restart, or before a fault after which this is begun again. Null if nothing was. */
  readonly kept?: T | null;
  readonly make: () => Promise<T>;
  /** Whether the seeds by which it was made are the chain's. */
  readonly isInForce: (made: T) => Promise<boolean>;
  /** Block from which on nothing is begun any more, since the record must go out. Unset: it is made again as often as it takes. */
  readonly last?: number | undefined;
  /** What the log says where it is made again. */
  readonly again: string;
  readonly replaced: BlockZeroError;
}

/**
 * Makes something until the seeds by which it was made are the chain's: again where a fork replaced the block that they are made of, also what was made
 * before a restart.
 *
 * @throws `replaced` where no time is left for that; what making it throws
 */
export const makeLasting = async <T>(
  { clock, log }: Pick<ValueWaiting, "clock" | "log">,
  { cycle, kept = null, make, isInForce, last = Number.POSITIVE_INFINITY, again, replaced }: Lasting<T>,
): Promise<T> => {
  let before = kept;
  for (;;) {
    const made = before ?? (await make());
    before = null;
    if (await isInForce(made)) return made;
    if (clock.head.number >= last) throw replaced;
    log.warn(again, { cycle, ...faultFields(replaced) });
  }
};

/** The hash of a signed document, and the seed of a Sprint by which it was made. A seed of null replaces none: a former version did not write it down. */
export interface MadeBySeed {
  readonly hash: string;
  readonly seed: string | null;
}

interface LastingDocument extends Pick<Lasting<MadeBySeed | null>, "cycle" | "kept" | "make" | "last" | "again"> {
  readonly purpose: SprintPurpose;
  /** First block of the window for its record, before which nothing is asked: a fork may still come. */
  readonly start: number;
}

/**
 * The hash of a document by a Sprint's seed that the chain still has when the record can go out. Null if there is none to make.
 *
 * @throws BlockZeroError SPRINT_SEED_REPLACED where no time is left to make it again; what making it throws
 */
export const lastingDocument = async (
  participant: ValueWaiting,
  { purpose, start, ...document }: LastingDocument,
): Promise<string | null> => {
  const { cycle } = document;
  const made = await makeLasting(participant, {
    ...document,
    replaced: seedReplaced(cycle, purpose),
    isInForce: async (one) => {
      if (one === null || one.seed === null) return true;
      await participant.clock.reach(start - 1, participant.signal);
      return isSeedInForce(participant, { cycle, purpose }, one.seed);
    },
  });
  return made?.hash ?? null;
};
