import { compareTexts } from "#shared/protocol/compare-texts.js";
import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import type { CycleName } from "../fallback.js";

const DOMAIN = "blockzero/beacon/1";

export interface MixInputs extends CycleName {
  /** The signature of the round that opened the seals, 48 bytes. */
  readonly pulse: Uint8Array;
  /** Hotkey → opening, 32 bytes each, at least one. */
  readonly openings: ReadonlyMap<string, Uint8Array>;
  /** Hash of the second block after the last one for seals. */
  readonly blockHash: string;
}

/**
 * The value of openings: SHA-256("blockzero/beacon/1" ‖ network hash ‖ cycle as u64 little-endian ‖ pulse ‖ openings by ascending hotkey ‖
 * block hash), 64 hex digits.
 */
export const mixOpenings = ({ network, cycle, pulse, openings, blockHash }: MixInputs): string =>
  sha256(
    Buffer.from(DOMAIN),
    hashBytes(network),
    u64le(cycle),
    pulse,
    ...[...openings].sort(([a], [b]) => compareTexts(a, b)).map(([, opening]) => opening),
    hashBytes(blockHash),
  );
