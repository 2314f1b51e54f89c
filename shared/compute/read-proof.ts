import type { Sprint } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import type { CycleContext, CycleSource } from "#shared/replay/source.js";
import type { Checked } from "#shared/sprint/proof/fault.js";
import { verify } from "#shared/wallet/index.js";
import type { CommittedProof } from "./committed-proofs.js";
import type { SprintProof } from "./profile/profile.js";
import { profileOf } from "./profile/profile-of.js";

/** A proof that was committed to. */
export type PromisedProof = CommittedProof & { readonly promise: NonNullable<CommittedProof["promise"]> };

export const isPromised = (proof: CommittedProof): proof is PromisedProof => proof.promise !== null;

/** Which proof is read. */
export interface ProofQuestion {
  readonly cycle: number;
  readonly sprint: Pick<Sprint, "profile" | "dials">;
}

/**
 * Fetches a proof and checks all of it that needs no network: its form, what it is about, its signature. Anybody who has
 * the bytes finds the same fault.
 *
 * @throws BlockZeroError FETCH_… if it is not available
 */
export const readProof = async (
  source: Pick<CycleSource, "network" | "networkHash" | "fetch">,
  { cycle, sprint }: ProofQuestion,
  { hotkey, difficulty, prefixes, promise }: PromisedProof,
): Promise<Checked<SprintProof>> => {
  const { proof: hash, wins, nonces, location, block } = promise;
  const profile = profileOf(sprint);
  const maxBytes = profile.maxBytes(promise);
  const bytes = await source.fetch({ hash, maxBytes, location, what: `the proof of ${hotkey}` });
  const promised = { ...promisedIn(source, cycle), hotkey, difficulty, hash, wins, nonces, included: block };
  return profile.check(bytes, { sprint, promised, prefixes }, verify);
};

const promisedIn = ({ network, networkHash }: Pick<CycleContext, "network" | "networkHash">, cycle: number) => ({
  network: networkHash,
  cycle,
  phase: recordWindow("sprint", cycle, network),
});
