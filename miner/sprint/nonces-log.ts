import { closeSync, fsyncSync, openSync, rmSync, truncateSync, writeSync } from "node:fs";
import type { ComputedNonces } from "#shared/compute/profile/profile.js";
import { readBytesIfAny } from "#shared/files/atomic-file.js";
import { hashBytes } from "#shared/protocol/hash.js";
import { DIGEST_BYTES } from "#shared/sprint/proof/nonces-tree.js";

/** What a miner has computed of one Sprint, on disk: a program that starts again goes on from there. */
export interface NoncesLog {
  /** What was there when it was opened, batch by batch. */
  readonly batches: readonly ComputedNonces[];
  append(batch: ComputedNonces): void;
  /** Returns once what was appended survives a loss of power. */
  flush(): void;
  close(): void;
}

const KEY_BYTES = 32;
const COUNTS_BYTES = 8;
const WIN_BYTES = 8;

/**
 * Opens the log of a Sprint: its key, then of each batch the numbers of nonces and of wins, u32 little-endian, the digests, and the wins, f64. A
 * batch that was cut off is left out, and so is all of another Sprint.
 *
 * @param key what the nonces are computed from, 64 hex digits
 */
export const openNoncesLog = (path: string, key: string): NoncesLog => {
  const { batches, length } = readLog(readBytesIfAny(path) ?? Buffer.alloc(0), hashBytes(key));
  const file = openSync(path, length > 0 ? "r+" : "w");
  try {
    if (length > 0) truncateSync(path, length);
    else writeSync(file, hashBytes(key));
  } catch (thrown) {
    closeSync(file);
    throw thrown;
  }
  let end = Math.max(length, KEY_BYTES);
  return {
    batches,
    append: ({ wins, digests }) => {
      const bytes = Buffer.alloc(COUNTS_BYTES + digests.length + WIN_BYTES * wins.length);
      bytes.writeUInt32LE(digests.length / DIGEST_BYTES, 0);
      bytes.writeUInt32LE(wins.length, 4);
      bytes.set(digests, COUNTS_BYTES);
      for (const [at, win] of wins.entries()) bytes.writeDoubleLE(win, COUNTS_BYTES + digests.length + WIN_BYTES * at);
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, end + done);
      end += bytes.length;
    },
    flush: () => fsyncSync(file),
    close: () => closeSync(file),
  };
};

/** Forgets what was computed of a Sprint. */
export const removeNoncesLog = (path: string): void => rmSync(path, { force: true });

/** The whole batches of a log with this key, and where they end; 0 without. */
const readLog = (
  bytes: Buffer,
  key: Uint8Array,
): { readonly batches: readonly ComputedNonces[]; readonly length: number } => {
  const batches: ComputedNonces[] = [];
  if (Buffer.compare(bytes.subarray(0, KEY_BYTES), key) !== 0) return { batches, length: 0 };
  let at = KEY_BYTES;
  while (at + COUNTS_BYTES <= bytes.length) {
    const digests = DIGEST_BYTES * bytes.readUInt32LE(at);
    const count = bytes.readUInt32LE(at + 4);
    const begin = at + COUNTS_BYTES;
    const end = begin + digests + WIN_BYTES * count;
    if (end > bytes.length) break;
    const wins = Array.from({ length: count }, (_, i) => bytes.readDoubleLE(begin + digests + WIN_BYTES * i));
    batches.push({ wins, digests: Uint8Array.from(bytes.subarray(begin, begin + digests)) });
    at = end;
  }
  return { batches, length: at };
};
