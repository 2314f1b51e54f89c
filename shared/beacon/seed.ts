import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import { type BatchPurpose, evaluationSeed, type SprintPurpose, sprintSeed } from "#shared/protocol/seed.js";
import type { CycleName } from "./fallback.js";

/** What a seed is for. */
export type BeaconSubject =
  /** Batches of an expert group. */
  | { readonly purpose: BatchPurpose; readonly group: string }
  /** A Sprint's network, inputs or sample. */
  | { readonly purpose: SprintPurpose }
  /** Who has a duty, or is audited. `subject` says of what, in ASCII: a task, a hotkey, a hash. Empty if there is only one. */
  | { readonly purpose: "duty" | "audit"; readonly subject: string };

const MIXED_DOMAIN = "blockzero/mixed/1";

/**
 * A seed from 64 hex digits that nobody knows too early, a beacon's value or `mixedEntropy`: `evaluationSeed`, `sprintSeed`, or for duty and
 * audits SHA-256("blockzero/duty/1" or "blockzero/audit/1" ‖ network hash ‖ cycle as u64 little-endian ‖ subject ‖ value), 64 hex digits.
 */
export const beaconSeed = (of: BeaconSubject, value: string, { network, cycle }: CycleName): string => {
  switch (of.purpose) {
    case "evaluate":
    case "choose":
      return evaluationSeed({ purpose: of.purpose, network, cycle, group: of.group, entropy: value });
    case "duty":
    case "audit": {
      const domain = Buffer.from(`blockzero/${of.purpose}/1`);
      return sha256(domain, hashBytes(network), u64le(cycle), Buffer.from(of.subject), hashBytes(value));
    }
    default:
      return sprintSeed({ purpose: of.purpose, network, cycle, entropy: value });
  }
};

/**
 * A cycle's value and the entropy of one moment in it (`pulseEntropy`, `blocksEntropy`) as one: SHA-256("blockzero/mixed/1" ‖ value ‖
 * entropy). The value cannot be chosen, and the entropy is not known before its moment: for seeds that must come out one after the other
 * in a cycle.
 */
export const mixedEntropy = (value: string, entropy: string): string =>
  sha256(Buffer.from(MIXED_DOMAIN), hashBytes(value), hashBytes(entropy));
