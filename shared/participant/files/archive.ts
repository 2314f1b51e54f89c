import { addAbortSignal } from "node:stream";
import { z } from "zod";
import type { BlobFetch } from "#shared/blobs/blob-fetch.js";
import type { BlobStore, LocalStore } from "#shared/blobs/blob-store.js";
import type { IncomingBlob } from "#shared/blobs/incoming-blob.js";
import type { ListedSource } from "#shared/blobs/listed-source.js";
import { ANSWER_MS } from "#shared/blobs/remote-fault.js";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import { isHash } from "#shared/protocol/hash.js";
import type { Log } from "#shared/telemetry/log.js";
import { orAbort, withDeadline } from "#shared/util/deadline.js";
import { openJournal } from "../writes/journal.js";
import { markOf } from "./marked-folder.js";

/** Copies the blobs that this participant publishes to a remote store, one after another, beside all other work. */
export interface Archive {
  /** Queues a blob of the local store. The queue is durable when this returns, so a restart continues with it. */
  add(hash: string): void;
  /** Retries failed copies. */
  retry(): void;
  /** Whether the local copy is still the only one. */
  isPending(hash: string): boolean;
  /** Gives up copying a blob that the store would not take, with a warning. Never throws for the disk: the file may be deleted to free it. */
  abandon(hash: string): void;
  /**
   * Receives a blob that was copied there, from its first byte on.
   *
   * @param request isAgreed: see `BlobRequest`; such a blob is asked for whether it is known to be there or not
   * @returns whether it is complete now
   * @throws BlockZeroError FETCH_TOO_LARGE; the signal's reason when it aborts
   */
  receive(request: ArchivedBlob, incoming: IncomingBlob): Promise<boolean>;
  /** Resolves when nothing is being copied. Failed copies stay queued for `retry`. */
  idle(): Promise<void>;
  /**
   * Copies nothing more: what is being copied is given up, and stays in the queue for the next run. Resolves when that is done, or has taken as long
   * as a service may for an answer.
   */
  close(): Promise<void>;
}

/** A blob that may have been copied there. */
export interface ArchivedBlob extends Pick<BlobFetch, "hash" | "maxBytes"> {
  readonly signal: AbortSignal;
  readonly isAgreed?: boolean | undefined;
}

export interface ArchiveOptions {
  readonly local: LocalStore;
  readonly remote: BlobStore;
  /** The same as it is asked for blobs that strangers may have named: for nothing that it is not known to have. Default: for any. */
  readonly listed?: ListedSource | undefined;
  /** Where the remote store is a folder. Nothing is put there while another stands in its place. */
  readonly folder?: string | undefined;
  /** The queue's file. */
  readonly queue: string;
  readonly log: Pick<Log, "warn" | "debug">;
}

const tooLarge = (hash: string, most: number): BlockZeroError =>
  new BlockZeroError(
    "FETCH_TOO_LARGE",
    `the archive has more than ${most} bytes as ${hash}`,
    "no valid blob is so large here",
  );

const closed = (): BlockZeroError =>
  new BlockZeroError("STOPPED", "copies to the store ended with the program", "start it again: they go on");

const queueSchema = z.object({
  pending: z.array(z.string().refine(isHash)).default([]),
  /** Of the folder that copies were put into. */
  mark: z.string().optional(),
});

/**
 * The mark of the folder that a queue's copies were put into. Undefined if it knows none.
 *
 * @throws BlockZeroError JOURNAL_MALFORMED if the file does not hold a queue
 */
export const knownMark = (queue: string): string | undefined => openJournal(queue, queueSchema).value.mark;

/**
 * A failure only causes a warning: the local store has the blob, and serves it. Copies at once what an earlier run left in the queue.
 *
 * @throws BlockZeroError JOURNAL_MALFORMED if the file does not hold a queue
 */
export const openArchive = ({ local, remote, listed, folder, queue, log }: ArchiveOptions): Archive => {
  const journal = openJournal(queue, queueSchema, log);
  const pending = new Set(journal.value.pending);
  const failed = new Set<string>();
  let work: Promise<void> = Promise.resolve();
  const over = new AbortController();
  const { signal } = over;

  const now = (mark = journal.value.mark) => ({ pending: [...pending], ...(mark !== undefined && { mark }) });
  const save = (mark?: string) => journal.update(() => now(mark));

  const recognise = (folder: string): void => {
    const { mark } = journal.value;
    const found = markOf(folder, mark);
    if (found !== mark) save(found);
  };

  /** Whether the blob is here, verified. */
  const isHere = async (hash: string): Promise<boolean> => {
    const verified = await local.open(hash);
    await verified?.close();
    return verified !== null;
  };

  const copy = async (hash: string): Promise<void> => {
    if (signal.aborted) return;
    try {
      if (folder !== undefined) recognise(folder);
      const isSound = await orAbort(isHere(hash), signal);
      const isThere = await orAbort(remote.has(hash), signal);
      if (!isThere && isSound) await remote.putFile(local.path(hash), hash, signal);
      // The queue may be another's by now.
      signal.throwIfAborted();
      pending.delete(hash);
      save();
      if (isThere || isSound) {
        listed?.add(hash);
        log.debug("archived a blob", { hash });
      } else log.warn("not archived: the file is not here any more", { hash });
    } catch (thrown) {
      if (signal.aborted && thrown === signal.reason) return;
      failed.add(hash);
      const code = thrown instanceof BlockZeroError ? thrown.code : undefined;
      log.warn("not archived yet", { hash, code, reason: reasonOf(thrown) });
    }
  };

  const start = (hash: string) => {
    failed.delete(hash);
    work = work.then(() => copy(hash));
  };

  const idle = async (): Promise<void> => {
    for (let seen = work; ; seen = work) {
      await seen;
      if (seen === work) return;
    }
  };

  for (const hash of pending) start(hash);
  return {
    add: (hash) => {
      if (pending.has(hash)) {
        if (failed.has(hash)) start(hash);
        return;
      }
      pending.add(hash);
      // Also where the queue cannot be written now.
      start(hash);
      save();
    },
    retry: () => {
      for (const hash of [...failed]) start(hash);
    },
    isPending: (hash) => pending.has(hash),
    abandon: (hash) => {
      if (!pending.delete(hash)) return;
      failed.delete(hash);
      journal.note(() => now());
      log.warn("not archived, and no longer kept for it", { hash });
    },
    receive: async ({ hash, maxBytes, signal, isAgreed = false }, incoming) => {
      // Who has lost the disk begins with these, before the list is there.
      const { size, stream } = isAgreed ? remote : (listed ?? remote);
      try {
        const announced = await size(hash);
        if (announced === null) return false;
        await incoming.restart();
        if (announced > maxBytes) throw tooLarge(hash, maxBytes);
        for await (const chunk of addAbortSignal(signal, stream(hash))) {
          if (!(chunk instanceof Uint8Array)) throw new TypeError("not bytes");
          if (incoming.length() + chunk.length > maxBytes) {
            await incoming.restart();
            throw tooLarge(hash, maxBytes);
          }
          await incoming.append(chunk);
        }
        return await incoming.finish();
      } catch (thrown) {
        signal.throwIfAborted();
        if (hasCode(thrown, "FETCH_TOO_LARGE")) throw thrown;
        log.warn("archive not readable", { hash, reason: reasonOf(thrown) });
        return false;
      }
    },
    idle,
    close: async () => {
      over.abort(closed());
      const late = () => new Error("the store does not answer");
      await withDeadline(ANSWER_MS, late, idle).catch((thrown: unknown) => {
        log.warn("a copy was not given up in time", { reason: reasonOf(thrown) });
      });
    },
  };
};
