import type { BlobStore, LocalStore } from "#shared/artifact/blob-store.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import type { Log } from "#shared/telemetry/log.js";

/** Copies what we publish to a store elsewhere, one blob after another, beside all other work. */
export interface Archive {
  /** Queues a blob of the local store. */
  add(hash: string): void;
  /** Tries again what failed. */
  retry(): void;
  /** Whether the local copy is still the only one. */
  isPending(hash: string): boolean;
  get(hash: string): Promise<Uint8Array | null>;
  /** Resolves when nothing is being copied. What failed stays for `retry`. */
  idle(): Promise<void>;
}

/** A fault costs a warning: the local store has the blob, and serves it. */
export const openArchive = (local: LocalStore, remote: BlobStore, log: Pick<Log, "warn" | "debug">): Archive => {
  const pending = new Set<string>();
  const failed = new Set<string>();
  let work: Promise<void> = Promise.resolve();

  const copy = async (hash: string): Promise<void> => {
    try {
      const bytes = await local.get(hash);
      if (bytes !== null && !(await remote.has(hash))) await remote.put(bytes);
      pending.delete(hash);
      log.debug("archived a blob", { hash });
    } catch (thrown) {
      failed.add(hash);
      const code = thrown instanceof BlockZeroError ? thrown.code : undefined;
      log.warn("not archived yet", { hash, code, reason: reasonOf(thrown) });
    }
  };

  const add = (hash: string) => {
    if (pending.has(hash) && !failed.has(hash)) return;
    failed.delete(hash);
    pending.add(hash);
    work = work.then(() => copy(hash));
  };

  return {
    add,
    retry: () => {
      for (const hash of [...failed]) add(hash);
    },
    isPending: (hash) => pending.has(hash),
    get: async (hash) => {
      try {
        return await remote.get(hash);
      } catch (thrown) {
        log.warn("archive not readable", { hash, reason: reasonOf(thrown) });
        return null;
      }
    },
    idle: async () => {
      for (let seen = work; ; seen = work) {
        await seen;
        if (seen === work) return;
      }
    },
  };
};
