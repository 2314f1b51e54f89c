import type { InTurn } from "#shared/blobs/in-turns.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import type { CycleContext, CycleSource, FileRequest } from "#shared/replay/source.js";
import type { Checked } from "#shared/sprint/proof/fault.js";
import { verify } from "#shared/wallet/index.js";
import type { SprintEntrant } from "./entrants.js";
import type { SprintProof } from "./profile/profile.js";
import { profileOf } from "./profile/profile-of.js";

/** A proof that was committed to. */
export type EntrantWithProof = SprintEntrant & { readonly record: NonNullable<SprintEntrant["record"]> };

export const hasProof = (proof: SprintEntrant): proof is EntrantWithProof => proof.record !== null;

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
  proof: EntrantWithProof,
): Promise<Checked<SprintProof>> => {
  const { hotkey, difficulty, prefixes, record } = proof;
  const { proof: hash, wins, nonces, block } = record;
  const bytes = await source.fetch(proofFile(sprint, proof));
  const expected = { ...expectedIn(source, cycle), hotkey, difficulty, hash, wins, nonces, included: block };
  return profileOf(sprint).check(bytes, { sprint, expected, prefixes }, verify);
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
  proof: EntrantWithProof,
  inTurn: InTurn,
): Promise<Checked<SprintProof>> => {
  await (await source.open(proofFile(question.sprint, proof))).close();
  return inTurn(() => readProof(source, question, proof));
};

const proofFile = (sprint: ProofQuestion["sprint"], { hotkey, record }: EntrantWithProof): FileRequest => ({
  hash: record.proof,
  maxBytes: profileOf(sprint).maxBytes(record),
  location: record.location,
  what: `the proof of ${hotkey}`,
});

const expectedIn = ({ network, networkHash }: Pick<CycleContext, "network" | "networkHash">, cycle: number) => ({
  network: networkHash,
  cycle,
  phase: recordWindow("sprint", cycle, network),
});
