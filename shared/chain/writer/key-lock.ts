import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import { describeHolder, STOP_ELSEWHERE } from "#shared/files/describe-holder.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { type LockAttempt, type LockHolder, tryLock } from "#shared/files/lock-file.js";
import { onAbort } from "#shared/util/on-abort.js";
import { type Clock, systemClock } from "../clock.js";

/** An extrinsic that a process signed, and may have sent, before it ended without learning the outcome. */
export interface Unsettled {
  /** The call as text, from `WritableChain.textOf`. */
  readonly text: string;
  readonly extrinsic: {
    readonly bytes: string;
    readonly hash: string;
    readonly nonce: number;
    readonly lastBlock?: number | undefined;
  };
  /** Number of the head when it was signed. */
  readonly signedAt: number;
}

/** The right to write with a key. Only one process on this machine has it. */
export interface KeyClaim {
  /** The extrinsics that earlier holders left without an outcome. */
  readonly unsettled: readonly Unsettled[];
  /**
   * Replaces the record of extrinsics without an outcome. Durable when it returns. Throws `BlockZeroError` KEY_IN_USE if another process took
   * the claim over while this one stood still: the record is that one's now.
   */
  record(unsettled: readonly Unsettled[]): void;
  release(): void;
}

export interface KeyClaims {
  /** Waits for its turn. Throws `BlockZeroError` KEY_IN_USE, KEY_RECORD_MALFORMED, KEY_FOLDER_UNUSABLE, and the signal's reason. */
  claim(address: string, signal: AbortSignal): Promise<KeyClaim>;
}

export interface KeyClaimOptions {
  /** Holds one folder per chain, with one folder per address. */
  readonly folder: string;
  /** 64 hex digits. */
  readonly genesisHash: string;
  readonly clock?: Clock | undefined;
  /** Longest wait for another process. Default 90,000: longer than the lock of a container that was killed holds. */
  readonly waitMs?: number | undefined;
}

/** Where a wallet's keys are, and where programs coordinate their use if not beside it. */
export interface KeyPlace {
  readonly path: string;
  readonly keys_in_use?: string | undefined;
}

/**
 * Where the programs that use a folder of wallets coordinate the use of their keys: `keys_in_use`, else beside it,
 * `~/.bittensor/keys-in-use`. There is no other fallback: programs that use different folders do not see one another.
 */
export const keyFolderOf = ({ path, keys_in_use }: KeyPlace): string =>
  keys_in_use ?? join(dirname(resolve(path)), "keys-in-use");

/** The folder of a key on one chain. @param genesisHash 64 hex digits */
export const folderOfKey = (keyFolder: string, genesisHash: string, address: string): string =>
  join(keyFolder, genesisHash.slice(0, 16), address);

/** Checks that keys can be claimed in a folder, which is made if absent. Throws `BlockZeroError` KEY_FOLDER_UNUSABLE. */
export const checkKeyFolder = (folder: string): void => {
  const probe = join(folder, `.${randomUUID()}.tmp`);
  try {
    ensureFolderSync(folder);
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (cause) {
    throw unusable(folder, cause);
  }
};

const WAIT_MS = 90_000;
const POLL_MS = 100;

const unsettledSchema = z.array(
  z.strictObject({
    text: z.string(),
    extrinsic: z.strictObject({
      bytes: z.string(),
      hash: z.string(),
      nonce: z.int().min(0),
      lastBlock: z.int().min(0).optional(),
    }),
    signedAt: z.int().min(0),
  }),
);

/** Claims on keys for one chain. Each address has a lock file and a record of the extrinsics without an outcome. */
export const openKeyClaims = ({
  folder,
  genesisHash,
  clock = systemClock,
  waitMs = WAIT_MS,
}: KeyClaimOptions): KeyClaims => ({
  claim: async (address, signal) => {
    const home = folderOfKey(folder, genesisHash, address);
    const lock = join(home, "lock");
    const record = join(home, "unsettled.json");
    // Counted by pauses: the clock may be set meanwhile.
    for (let waited = 0; ; ) {
      signal.throwIfAborted();
      const attempt = attemptLock(lock);
      if (attempt.isHeld) {
        try {
          return {
            unsettled: parseRecord(record),
            record: (unsettled) => {
              if (!attempt.isKept()) throw takenOver(address);
              writeFileAtomic(record, JSON.stringify(unsettled));
            },
            release: attempt.release,
          };
        } catch (error) {
          attempt.release();
          throw error;
        }
      }
      if (waited >= waitMs) throw inUse(address, attempt.holder, waitMs);
      const pause = Math.min(POLL_MS, waitMs - waited);
      await delay(clock, pause, signal);
      waited += pause;
    }
  },
});

const attemptLock = (path: string): LockAttempt => {
  try {
    return tryLock(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
};

const unusable = (path: string, cause: unknown): BlockZeroError =>
  new BlockZeroError(
    "KEY_FOLDER_UNUSABLE",
    `${path}: ${reasonOf(cause)}`,
    "make it writable, or set wallet.keys_in_use to a folder that every program with this key can write: they agree there who writes",
    { cause },
  );

const delay = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      cancel();
      heard();
      resolve();
    };
    const cancel = clock.after(ms, end);
    const heard = onAbort(signal, end);
  });

const parseRecord = (path: string): readonly Unsettled[] => {
  try {
    return unsettledSchema.parse(JSON.parse(readFileIfAny(path) ?? "[]"));
  } catch (cause) {
    throw new BlockZeroError(
      "KEY_RECORD_MALFORMED",
      `${path} does not say which writes are open`,
      "see on chain that the key's last write has arrived, then delete the file",
      { cause },
    );
  }
};

const takenOver = (address: string): BlockZeroError =>
  new BlockZeroError(
    "KEY_IN_USE",
    `another process took over writing with ${address} while this one stood still`,
    "let one program write with a key, and give every program its own hotkey",
  );

const inUse = (address: string, holder: LockHolder, waitMs: number): BlockZeroError =>
  new BlockZeroError(
    "KEY_IN_USE",
    `${describeHolder(holder)} has been writing with ${address} for ${waitMs / 1000} s`,
    holder.elsewhere === undefined
      ? "wait for it, stop it, or give this program a hotkey of its own"
      : `${STOP_ELSEWHERE}, or give this program a hotkey of its own`,
  );
