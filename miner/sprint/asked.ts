import { readEntered } from "#shared/compute/entrants.js";
import { hasCode } from "#shared/errors/error.js";
import type { Sprinter } from "./context.js";

interface Asking {
  readonly cycle: number;
  /** The cycle whose Sprint it confirms. */
  readonly confirms: number;
}

/**
 * The difficulty with which a confirmation asks this miner to prove again, as the chain has it, which all others go by; where the chain no longer
 * has that state, by the journal. Null if it is not asked, undefined if neither says whether it is.
 */
export const askedDifficulty = async (
  { participant, journal }: Pick<Sprinter, "journal"> & { readonly participant: ReadingOwn },
  { cycle, confirms }: Asking,
): Promise<number | null | undefined> => {
  try {
    const entered = await readEntered(participant, cycle);
    return entered.get(participant.signer.address)?.record.difficulty ?? null;
  } catch (thrown) {
    if (!hasCode(thrown, "STATE_DISCARDED")) throw thrown;
    const { proven } = journal.value;
    return proven?.cycle === confirms ? proven.difficulty : undefined;
  }
};

type ReadingOwn = Parameters<typeof readEntered>[0] & { readonly signer: { readonly address: string } };
