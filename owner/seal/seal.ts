import type { BlobStore } from "#shared/blobs/blob-store.js";
import type { Beacon } from "#shared/chain/timelock/beacon.js";
import { encryptTimelock } from "#shared/chain/timelock/timelock.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { SealedText } from "#shared/protocol/expert-group.js";
import type { Network } from "#shared/protocol/network.js";
import { encodeDocuments, encodeIndex, MAX_ENVELOPE_BYTES, roundOf } from "#shared/protocol/sealed-text.js";

export interface Sealing {
  readonly documents: readonly string[];
  readonly beacon: Beacon;
  /** The round that opens the first envelope, and rounds from one to the next. */
  readonly firstRound: number;
  readonly spacing: number;
  /** Least bytes of text in an envelope. */
  readonly envelopeBytes: number;
  readonly onEnvelope?: (done: number, total: number) => void;
  /** So many random bytes; the system's unless given. */
  readonly random?: (bytes: number) => Uint8Array;
}

/**
 * Locks documents, in their order, into envelopes that a beacon opens one after the other; stores those and their index.
 * @returns what the network file says of them
 * @throws SEAL_TOO_LITTLE, SEAL_TOO_LARGE
 */
export const sealText = async (store: BlobStore, sealing: Sealing): Promise<SealedText> => {
  const { documents, beacon, firstRound, spacing, envelopeBytes, onEnvelope, random } = sealing;
  const contents = envelopesOf(documents, envelopeBytes);
  const schedule = { first_round: firstRound, spacing, envelopes: contents.length };
  const hashes: string[] = [];
  for (const [envelope, content] of contents.entries()) {
    const ciphertext = encryptTimelock(encodeDocuments(content), {
      round: roundOf(schedule, envelope),
      publicKey: beacon.publicKey,
      ...(random && { random }),
    });
    if (ciphertext.length > MAX_ENVELOPE_BYTES)
      throw new BlockZeroError(
        "SEAL_TOO_LARGE",
        `envelope ${envelope} would have ${ciphertext.length} bytes, at most ${MAX_ENVELOPE_BYTES} are allowed`,
        "give a smaller --envelope, or split the longest documents",
      );
    hashes.push(await store.put(ciphertext));
    onEnvelope?.(hashes.length, contents.length);
  }
  return {
    beacon: { public_key: beacon.publicKey, genesis_time: beacon.genesisTime, period: beacon.period },
    ...schedule,
    index: await store.put(encodeIndex(hashes)),
  };
};

/** Documents in lots of at least so many bytes; a rest that is less goes with the last. */
const envelopesOf = (documents: readonly string[], leastBytes: number): readonly (readonly string[])[] => {
  const lots: string[][] = [];
  let lot: string[] = [];
  let bytes = 0;
  for (const text of documents) {
    lot.push(text);
    bytes += Buffer.byteLength(text);
    if (bytes < leastBytes) continue;
    lots.push(lot);
    lot = [];
    bytes = 0;
  }
  const last = lots.at(-1);
  if (last) for (const text of lot) last.push(text);
  else
    throw new BlockZeroError(
      "SEAL_TOO_LITTLE",
      `the documents have ${bytes} bytes, an envelope takes ${leastBytes}`,
      "give more text, or a smaller --envelope",
    );
  return lots;
};

type Drawn = Pick<Network, "scoring" | "data">;

/** Bytes of text that evaluating a group draws in one cycle. */
export const drawnBytes = ({ scoring, data }: Drawn): number =>
  scoring.eval_batches * scoring.eval_batch_size * (data.sequence_length + 1);

/** The rest is for the pulse to get on chain, and for blocks that come faster than they should. */
const SHARE_OF_REVEAL = 0.5;

/**
 * The spacing, in rounds, at which an envelope opens in the first half of every reveal phase.
 * @param blockTime seconds
 */
export const usualSpacing = ({ phases }: Pick<Network, "phases">, { period }: Beacon, blockTime: number): number =>
  Math.floor((SHARE_OF_REVEAL * phases.reveal * blockTime) / period);
