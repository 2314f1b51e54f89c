import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { InTurn } from "#shared/blobs/in-turns.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import type { Stakes } from "#shared/protocol/voting/stake.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { SprintEntrant } from "./entrants.js";
import { type Evidence, NO_EVIDENCE, type Settling, type SprintVote, settleProof } from "./outcome.js";
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
 * Null if the proof's bytes are not available. They are not asked for where the votes alone make it withheld, which counts as little as invalid: one
 * validator that accuses a proof that nobody can fetch leaves no Sprint in part.
 */
export const readAccused = async (
  source: Pick<CycleSource, "network" | "networkHash" | "fetch" | "open">,
  { proof, votes, stakes, there, unheard, cycle, sprint }: Accusation,
  inTurn: InTurn,
): Promise<Accused | null> => {
  const said = [...votes, ...unheard];
  if (!hasProof(proof) || !said.some(({ verdict }) => verdict === "invalid")) return NOT_ACCUSED;
  const { outcome } = settleProof(proof, votes, { sprint, stakes, there, unheard, evidence: NO_EVIDENCE });
  if (outcome === "withheld") return NOT_ACCUSED;
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
