import { recordWindow } from "#shared/replay/phase-records.js";
import type { CycleContext, CycleSource } from "#shared/replay/source.js";
import type { Checked } from "#shared/sprint/proof/fault.js";
import { verify } from "#shared/wallet/index.js";
import type { CommittedProof } from "./committed-proofs.js";
import type { SprintProfile, SprintProof } from "./profile/profile.js";

/** A proof that was committed to. */
export type PromisedProof = CommittedProof & { readonly promise: NonNullable<CommittedProof["promise"]> };

export const isPromised = (proof: CommittedProof): proof is PromisedProof => proof.promise !== null;

/** Which proof is read. */
export interface ProofQuestion {
  readonly cycle: number;
  readonly profile: SprintProfile;
}

/**
 * Fetches a proof and checks all of it that needs no network: its form, what it is about, its signature. What it is refused for, anybody who
 * has the bytes finds as well.
 *
 * @throws BlockZeroError FETCH_… if it is not available
 */
export const readProof = async (
  source: Pick<CycleSource, "network" | "networkHash" | "fetch">,
  { cycle, profile }: ProofQuestion,
  { hotkey, difficulty, promise }: PromisedProof,
): Promise<Checked<SprintProof>> => {
  const { proof: hash, wins, nonces, location, block } = promise;
  const maxBytes = profile.maxBytes(promise);
  const bytes = await source.fetch({ hash, maxBytes, location, what: `the proof of ${hotkey}` });
  return profile.check(
    bytes,
    { ...promisedIn(source, cycle), hotkey, difficulty, hash, wins, nonces, included: block },
    verify,
  );
};

const promisedIn = ({ network, networkHash }: Pick<CycleContext, "network" | "networkHash">, cycle: number) => ({
  network: networkHash,
  cycle,
  phase: recordWindow("sprint", cycle, network),
});
