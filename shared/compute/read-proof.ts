import type { InTurn } from "#shared/blobs/in-turns.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import type { CycleContext, CycleSource, FileRequest } from "#shared/replay/source.js";
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
  proof: PromisedProof,
): Promise<Checked<SprintProof>> => {
  const { hotkey, difficulty, prefixes, promise } = proof;
  const { proof: hash, wins, nonces, block } = promise;
  const bytes = await source.fetch(proofFile(sprint, proof));
  const promised = { ...promisedIn(source, cycle), hotkey, difficulty, hash, wins, nonces, included: block };
  return profileOf(sprint).check(bytes, { sprint, promised, prefixes }, verify);
};

/**
 * `readProof` in its turn. The bytes, which go to the disk, are waited for before: a server that sends one at a time then holds up nobody else's
 * proof.
 *
 * @param inTurn limits how many are in memory at once
 */
export const readProofInTurn = async (
  source: Pick<CycleSource, "network" | "networkHash" | "fetch" | "open">,
  question: ProofQuestion,
  proof: PromisedProof,
  inTurn: InTurn,
): Promise<Checked<SprintProof>> => {
  await (await source.open(proofFile(question.sprint, proof))).close();
  return inTurn(() => readProof(source, question, proof));
};

const proofFile = (sprint: ProofQuestion["sprint"], { hotkey, promise }: PromisedProof): FileRequest => ({
  hash: promise.proof,
  maxBytes: profileOf(sprint).maxBytes(promise),
  location: promise.location,
  what: `the proof of ${hotkey}`,
});

const promisedIn = ({ network, networkHash }: Pick<CycleContext, "network" | "networkHash">, cycle: number) => ({
  network: networkHash,
  cycle,
  phase: recordWindow("sprint", cycle, network),
});
