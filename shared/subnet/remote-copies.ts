import { createHash } from "node:crypto";
import type { BlobClient } from "#shared/blobs/blob-client.js";
import type { BlobStore } from "#shared/blobs/blob-store.js";
import type { BlobWriter } from "#shared/blobs/blob-writer.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { IncomingBlob } from "#shared/blobs/incoming-blob.js";
import { BlockZeroError, type ErrorCode, reasonOf } from "#shared/errors/error.js";
import type { FileRequest } from "#shared/replay/source.js";
import { withSignals } from "#shared/util/join-signals.js";
import { openPatience, type PatienceOptions } from "./server-patience.js";

/** A copy of a file that somebody else may have. */
export interface RemoteCopy {
  /** Where a person would look for it. */
  readonly name: string;
  /** Waits for who is busy. @throws BlockZeroError FETCH_…, FETCH_HASH_MISMATCH where it is another file */
  receive(incoming: IncomingBlob): Promise<void>;
  /**
   * The same without waiting, and where others were not asked yet without giving who sends little its time. Absent where there is nothing to
   * wait for.
   *
   * @param isAgain whether they were
   */
  attempt?(incoming: IncomingBlob, isAgain: boolean): Promise<void>;
  /** Waits until it may be asked again after an attempt. @returns false where it may not */
  again?(fault: BlockZeroError, isAgain: boolean): Promise<boolean>;
}

/** A copy whose turn it is. */
export interface CopysTurn {
  readonly copy: RemoteCopy;
  /** Whether all others had their first turn. */
  readonly isAgain: boolean;
  failed(fault: BlockZeroError): void;
}

/**
 * Copies one after the other, then again those that were busy or slow, which are waited for together: who makes people wait holds up nobody who does
 * not.
 */
export async function* inRounds(copies: readonly RemoteCopy[]): AsyncGenerator<CopysTurn> {
  let left = copies;
  for (let isAgain = false; left.length > 0; isAgain = true) {
    const faults = new Map<RemoteCopy, BlockZeroError>();
    for (const copy of left) yield { copy, isAgain, failed: (fault) => void faults.set(copy, fault) };
    const next = await Promise.all(
      [...faults].map(async ([copy, fault]) => ((await copy.again?.(fault, isAgain)) ? [copy] : [])),
    );
    left = next.flat();
  }
}

/** Everybody who may have a file, in the order in which they are asked. */
export type RemoteCopies = (file: FileRequest) => Promise<readonly RemoteCopy[]>;

export interface ServerOptions extends PatienceOptions {
  readonly client: Pick<BlobClient, "receive">;
  /** Origins of those who should have a file that nobody announced, or whose announcer is gone; called for each file. */
  readonly servers: () => Promise<readonly string[]>;
}

/** Copies of who announced a file, then of the other servers; of those, who was slow the last time comes last. */
export const serverCopies = (options: ServerOptions): RemoteCopies => {
  const { client, servers, signal } = options;
  let asked: ReadonlySet<string> = new Set();
  const patience = openPatience({ ...options, isAnnouncer: (origin) => !asked.has(origin) });
  return async ({ hash, maxBytes, location }) => {
    asked = new Set(await servers());
    const origins = new Set([...(location === undefined ? [] : [location]), ...asked]);
    const hasOthers = origins.size > 1;
    return patience.inOrder(origins).map((origin) => {
      const from = (incoming: IncomingBlob) => (over?: AbortSignal) =>
        withSignals([signal, over], (either) =>
          client.receive({ locations: [origin], hash, maxBytes, signal: either }, incoming).catch(itsOwn),
        );
      return {
        name: `${origin}/blob/${hash}`,
        receive: (incoming) => patience.grant(origin, from(incoming), incoming.length),
        attempt: (incoming, isAgain) =>
          patience.attempt(origin, from(incoming), incoming.length, hasOthers && !isAgain),
        again: async (fault, isAgain) =>
          fault.code === "FETCH_BUSY"
            ? patience.pause(origin)
            : fault.code === "FETCH_TIMEOUT" && hasOthers && !isAgain,
      };
    });
  };
};

/** Of one server that was asked, what it answered: whoever asks several knows which file. */
const itsOwn = (thrown: unknown): never => {
  const cause = isFetchFault(thrown) ? thrown.cause : undefined;
  throw isFetchFault(cause) && cause.code === (thrown as BlockZeroError).code ? cause : thrown;
};

/**
 * The copy in a participant's archive.
 *
 * @param setting what the archive is called in a configuration
 * @param signal ends the wait for it, with its reason
 */
export const archivedCopies = (store: BlobStore, setting: string, signal: AbortSignal): RemoteCopies => {
  /** What an archive does is no more than a copy that cannot be had. */
  const failing = (thrown: unknown): never => {
    signal.throwIfAborted();
    throw fault("FETCH_FAILED", `${setting}: ${reasonOf(thrown)}`, thrown);
  };
  /** What it gives; the faults of who takes it stay as they are. */
  async function* streamed(hash: string): AsyncGenerator<Uint8Array> {
    try {
      yield* store.stream(hash);
    } catch (thrown) {
      failing(thrown);
    }
  }

  return async ({ hash, maxBytes }) => [
    {
      name: `${setting}/${hash}`,
      receive: async (incoming) => {
        const size = await store.size(hash).catch(failing);
        if (size === null) throw fault("FETCH_NOT_FOUND", `${setting} does not have it`);
        if (size > maxBytes) throw fault("FETCH_TOO_LARGE", `${setting} has ${size} bytes, at most ${maxBytes}`);
        await incoming.restart();
        for await (const chunk of streamed(hash)) {
          signal.throwIfAborted();
          if (incoming.length() + chunk.length > maxBytes) {
            await incoming.restart();
            throw fault("FETCH_TOO_LARGE", `${setting} gives more than ${maxBytes} bytes`);
          }
          await incoming.append(chunk);
        }
        if (!(await incoming.finish())) throw fault("FETCH_HASH_MISMATCH", `${setting} has other bytes as ${hash}`);
      },
    },
  ];
};

/** Looks at a file without keeping it. */
export const checkedBlob = (hash: string): IncomingBlob => {
  let digest = createHash("sha256");
  let length = 0;
  const restart = async () => {
    digest = createHash("sha256");
    length = 0;
  };
  return {
    length: () => length,
    append: async (chunk) => {
      digest.update(chunk);
      length += chunk.length;
    },
    restart,
    finish: async () => {
      if (digest.copy().digest("hex") === hash) return true;
      await restart();
      return false;
    },
  };
};

/** Keeps whatever comes. */
export const anyBlob = async (
  create: () => Promise<BlobWriter>,
): Promise<IncomingBlob & { readonly writer: () => BlobWriter }> => {
  let writer = await create();
  let length = 0;
  return {
    writer: () => writer,
    length: () => length,
    append: async (chunk) => {
      await writer.append(chunk);
      length += chunk.length;
    },
    restart: async () => {
      await writer.discard();
      writer = await create();
      length = 0;
    },
    finish: async () => true,
  };
};

const fault = (code: ErrorCode, message: string, cause?: unknown): BlockZeroError =>
  new BlockZeroError(code, message, "look where else it is kept", { cause });
