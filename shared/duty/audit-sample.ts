import { compareTexts } from "#shared/protocol/compare-texts.js";
import { hashBytes, sha256 } from "#shared/protocol/hash.js";

interface AuditSubject {
  /** A value that nobody knew when the duty documents were committed, 64 hex digits. */
  readonly seed: string;
  /** The verifier's public key, 32 bytes. */
  readonly verifierKey: Uint8Array;
  /** Hash of its duty document, 64 hex digits; 64 zeros if it published none. */
  readonly document: string;
  /** Ids of the tasks that it may have been on duty for and does not claim. */
  readonly unclaimed: readonly string[];
  readonly size: number;
}

/** What stands for the hash of a duty document that was not published. */
export const NO_DOCUMENT = "0".repeat(64);

/**
 * The unclaimed tasks whose draws a verifier must publish: those with the `size` least SHA-256("blockzero/duty-audit/1" ‖ seed ‖ verifier's public
 * key ‖ hash of its duty document ‖ task id), ascending by id. Nobody asks: everybody computes it.
 */
export const auditSample = ({ seed, verifierKey, document, unclaimed, size }: AuditSubject): readonly string[] => {
  if (unclaimed.length <= size) return [...unclaimed].sort();
  const head = Buffer.concat([
    Buffer.from("blockzero/duty-audit/1"),
    hashBytes(seed),
    verifierKey,
    hashBytes(document),
  ]);
  return unclaimed
    .map((task) => ({ task, lot: sha256(head, hashBytes(task)) }))
    .sort((a, b) => compareTexts(a.lot, b.lot))
    .slice(0, size)
    .map(({ task }) => task)
    .sort();
};
