import { recordWindow } from "#shared/replay/phase-records.js";
import type { CycleContext, CycleSource } from "#shared/replay/source.js";
import type { Checked } from "#shared/sprint/proof/fault.js";
import { checkWinners, maxWinnersBytes, type WinnersProof } from "#shared/sprint/proof/winners.js";
import { verify } from "#shared/wallet/index.js";
import type { CommittedProof } from "./committed-proofs.js";

/** A proof that was committed to. */
export type PromisedProof = CommittedProof & { readonly promise: NonNullable<CommittedProof["promise"]> };

export const isPromised = (proof: CommittedProof): proof is PromisedProof => proof.promise !== null;

/**
 * Fetches a proof and checks all of it that needs no network: its form, what it is about, its signature. What it is refused for, anybody who
 * has the bytes finds as well.
 *
 * @throws BlockZeroError FETCH_… if it is not available
 */
export const readProof = async (
  source: Pick<CycleSource, "network" | "networkHash" | "fetch">,
  cycle: number,
  { hotkey, difficulty, promise }: PromisedProof,
): Promise<Checked<WinnersProof>> => {
  const { proof: hash, wins, nonces, location, block } = promise;
  const bytes = await source.fetch({ hash, maxBytes: maxWinnersBytes(wins), location, what: `the proof of ${hotkey}` });
  return checkWinners(
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
