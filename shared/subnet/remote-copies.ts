import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { BlobClient } from "#shared/artifact/blob-client.js";
import type { BlobStore } from "#shared/artifact/blob-store.js";
import type { IncomingBlob } from "#shared/artifact/incoming-blob.js";
import type { BlobWriter } from "#shared/artifact/store/blob-writer.js";
import { BlockZeroError } from "#shared/errors.js";
import type { FileRequest } from "#shared/replay/source.js";

/** A copy of a file that somebody else may have. */
export interface RemoteCopy {
  /** Where a person would look for it. */
  readonly name: string;
  /** @throws BlockZeroError FETCH_…, FETCH_HASH_MISMATCH where it is another file */
  receive(incoming: IncomingBlob): Promise<void>;
}

/** Everybody who may have a file, in the order in which they are asked. */
export type RemoteCopies = (file: FileRequest) => Promise<readonly RemoteCopy[]>;

export interface ServerOptions {
  readonly client: Pick<BlobClient, "receive">;
  /** Origins of those who should have a file that nobody announced, or whose announcer is gone. */
  readonly servers: () => Promise<readonly string[]>;
  readonly signal: AbortSignal;
  /** Pauses that a server gets, and the milliseconds of each: who is busy for longer is not waited for any more until it answers. */
  readonly pauses?: number;
  readonly pauseMs?: number;
}

/** Copies of who announced a file, then of the other servers. One that is busy, or finds us too eager, is asked again after a pause. */
export const serverCopies = (options: ServerOptions): RemoteCopies => {
  const { client, servers, signal, pauses = 24, pauseMs = 5_000 } = options;
  const taken = new Map<string, number>();
  return async ({ hash, maxBytes, location }) => {
    const origins = new Set([...(location === undefined ? [] : [location]), ...(await servers())]);
    return [...origins].map((origin) => ({
      name: `${origin}/blob/${hash}`,
      receive: async (incoming) => {
        for (;;) {
          try {
            await client.receive({ locations: [origin], hash, maxBytes, signal }, incoming);
            taken.delete(origin);
            return;
          } catch (thrown) {
            const before = taken.get(origin) ?? 0;
            const isBusy = thrown instanceof BlockZeroError && thrown.code === "FETCH_BUSY";
            if (!isBusy || before >= pauses) throw thrown;
            taken.set(origin, before + 1);
          }
          await delay(pauseMs, undefined, { signal });
        }
      },
    }));
  };
};

/** The copy in a participant's archive. @param setting what the archive is called in a configuration */
export const archivedCopies = (store: BlobStore, setting: string): RemoteCopies => {
  return async ({ hash, maxBytes }) => [
    {
      name: `${setting}/${hash}`,
      receive: async (incoming) => {
        const size = await store.size(hash);
        if (size === null) throw fault("FETCH_NOT_FOUND", `${setting} does not have it`);
        if (size > maxBytes) throw fault("FETCH_TOO_LARGE", `${setting} has ${size} bytes, at most ${maxBytes}`);
        await incoming.restart();
        for await (const chunk of store.stream(hash)) await incoming.append(chunk);
        if (!(await incoming.finish())) throw fault("FETCH_HASH_MISMATCH", `${setting} has other bytes as ${hash}`);
      },
    },
  ];
};

/** Looks at a file without keeping it. */
export const checkedBlob = (hash: string): IncomingBlob => {
  let digest = createHash("sha256");
  let length = 0;
  return {
    length: () => length,
    append: async (chunk) => {
      digest.update(chunk);
      length += chunk.length;
    },
    restart: async () => {
      digest = createHash("sha256");
      length = 0;
    },
    finish: async () => digest.copy().digest("hex") === hash,
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

const fault = (code: string, message: string): BlockZeroError =>
  new BlockZeroError(code, message, "look where else it is kept");
