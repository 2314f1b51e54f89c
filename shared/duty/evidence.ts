import { compareTexts } from "#shared/protocol/compare-texts.js";
import { hashBytes, sha256 } from "#shared/protocol/hash.js";

interface Evidenced {
  /** The verifier's public key, 32 bytes. */
  readonly verifierKey: Uint8Array;
  /** The task's id. */
  readonly task: string;
  /** Hash of what the check computed, 64 hex digits. */
  readonly digest: string;
}

/**
 * What shows that a verifier computed, and did not only say so: SHA-256("blockzero/duty-evidence/1" ‖ verifier's public key ‖ task id ‖ digest),
 * 64 hex digits. Whoever recomputes the task can check it. A copy from another verifier's document does not fit, because the verifier's key is
 * hashed too.
 */
export const dutyEvidence = ({ verifierKey, task, digest }: Evidenced): string =>
  sha256(Buffer.from("blockzero/duty-evidence/1"), verifierKey, hashBytes(task), hashBytes(digest));

interface EvidenceSubject {
  /** The audit's, 64 hex digits. */
  readonly seed: string;
  /** The verifier's public key, 32 bytes. */
  readonly verifierKey: Uint8Array;
  /** Hash of its duty document, 64 hex digits. */
  readonly document: string;
  /** Ids of tasks on which its verdicts count. */
  readonly done: readonly string[];
}

/**
 * The task on which a verifier's evidence is recomputed: of those that it did the one with the least SHA-256("blockzero/duty-replay/1" ‖ seed ‖
 * verifier's public key ‖ hash of its duty document ‖ task id). Null if it did none. A verifier that looks at a share of its duty only is found
 * with the probability of the rest.
 */
export const replayedDuty = ({ seed, verifierKey, document, done }: EvidenceSubject): string | null => {
  const head = Buffer.concat([
    Buffer.from("blockzero/duty-replay/1"),
    hashBytes(seed),
    verifierKey,
    hashBytes(document),
  ]);
  const lots = done.map((task) => ({ task, lot: sha256(head, hashBytes(task)) }));
  return lots.sort((a, b) => compareTexts(a.lot, b.lot))[0]?.task ?? null;
};
