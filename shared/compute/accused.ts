import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { InTurn } from "#shared/blobs/in-turns.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import type { Stakes } from "#shared/protocol/voting/stake.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { SprintEntrant } from "./entrants.js";
import { type Evidence, isOutOfReach, type Settling, type SprintVote } from "./outcome.js";
import { profileOf } from "./profile/profile-of.js";
import { hasProof, readProofInTurn } from "./read-proof.js";

/** What speaks against a proof that somebody called invalid, before anything is computed. */
interface Accused {
  readonly fault: Evidence["fault"];
  /** Claimed wins that were named as none, ascending. */
  readonly named: readonly number[];
}

export const NOT_ACCUSED: Accused = { fault: null, named: [] };

/** A proof with the votes on it. */
interface Accusation {
  readonly proof: SprintEntrant;
  readonly votes: readonly SprintVote[];
  readonly stakes: Stakes;
  readonly there: Settling["there"];
  readonly unheard: Settling["unheard"];
  readonly cycle: number;
  readonly sprint: Settling["sprint"] & Pick<Sprint, "dials">;
}

/**
 * Null if the proof's bytes are not available. They are not asked for where it is out of reach: one validator that accuses a proof which nobody can
 * fetch leaves no Sprint in part. The chain and the documents alone say so, and who happens to have the bytes settles as the others do.
 */
export const readAccused = async (
  source: Pick<CycleSource, "network" | "networkHash" | "fetch" | "open">,
  { proof, votes, stakes, there, unheard, cycle, sprint }: Accusation,
  inTurn: InTurn,
): Promise<Accused | null> => {
  const said = [...votes, ...unheard];
  if (!hasProof(proof) || !said.some(({ verdict }) => verdict === "invalid")) return NOT_ACCUSED;
  if (isOutOfReach(proof, said, { stakes, there })) return NOT_ACCUSED;
  try {
    const read = await readProofInTurn(source, { cycle, sprint }, proof, inTurn);
    if (!read.ok) return { fault: read.detail, named: [] };
    const electorate = { subject: proof.hotkey, members: stakes };
    return { fault: null, named: profileOf(sprint).accused(said, electorate, read.value.wins) };
  } catch (thrown) {
    if (!isFetchFault(thrown)) throw thrown;
    return null;
  }
};
