import { z } from "zod";
import { parseCanonical } from "./canonical-json.js";
import type { SealedText } from "./expert-group.js";
import { canonicalBytes } from "./hash-json.js";
import { listOf } from "./list-of.js";
import type { Parsed } from "./parsed.js";

/** Greatest size of an envelope, in bytes. A validator reads one into memory for each group. */
export const MAX_ENVELOPE_BYTES = 4 << 20;

const HASH_BYTES = 32;

/** Rounds of a beacon: `after` is published when commits have closed, `until` when evaluation begins. */
export interface OpeningTime {
  readonly after: number;
  readonly until: number;
}

type Schedule = Pick<SealedText, "first_round" | "spacing" | "envelopes">;

/** The round that opens an envelope. The first envelope has number 0. */
export const roundOf = ({ first_round, spacing }: Schedule, envelope: number): number =>
  first_round + envelope * spacing;

/**
 * The envelope that a cycle evaluates on: the first whose round is published after commits have closed and not after evaluation begins.
 * Null if there is none. The times of two cycles never overlap, so no envelope is used in two cycles.
 */
export const envelopeOf = (schedule: Schedule, { after, until }: OpeningTime): number | null => {
  const envelope = Math.max(0, Math.floor((after - schedule.first_round) / schedule.spacing) + 1);
  return envelope < schedule.envelopes && roundOf(schedule, envelope) <= until ? envelope : null;
};

/** Size of the index of that many envelopes, in bytes. */
export const indexBytes = ({ envelopes }: Schedule): number => envelopes * HASH_BYTES;

/** The hash of an envelope, 64 hex digits, in an index of the right length. */
export const envelopeHash = (index: Uint8Array, envelope: number): string =>
  Buffer.from(index.subarray(envelope * HASH_BYTES, (envelope + 1) * HASH_BYTES)).toString("hex");

/** The hashes of all envelopes, in order, as one blob. */
export const encodeIndex = (hashes: readonly string[]): Uint8Array => Buffer.from(hashes.join(""), "hex");

const documentsSchema = listOf(z.string().min(1), Number.POSITIVE_INFINITY, 1);

/** The content of an envelope: its documents as canonical JSON. */
export const encodeDocuments = (documents: readonly string[]): Uint8Array => canonicalBytes(documents);

/** Never throws, whatever the bytes. */
export const parseDocuments = (bytes: Uint8Array): Parsed<readonly string[]> =>
  parseCanonical(bytes, documentsSchema, MAX_ENVELOPE_BYTES);
