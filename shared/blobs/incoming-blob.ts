import { createHash } from "node:crypto";
import { growingBuffer } from "#shared/files/growing-buffer.js";

/** A blob on its way in: hashed while it arrives, and nobody's until its hash is right. */
export interface IncomingBlob {
  /** Bytes that are here, from the first one on. */
  length(): number;
  append(chunk: Uint8Array): Promise<void>;
  /** Throws away what is here. */
  restart(): Promise<void>;
  /** Whether what is here is the blob; if it is not, it is thrown away. */
  finish(): Promise<boolean>;
}

export interface Loan {
  readonly blob: IncomingBlob;
  /** Nothing more is taken from who had it; resolves when what was being written is. */
  takeBack(): Promise<void>;
}

/**
 * Lends a blob to one request. A request that was given up may still live: once the blob is taken back it cannot write into what the
 * next one goes on with.
 */
export const lend = (incoming: IncomingBlob): Loan => {
  let isLent = true;
  let work: Promise<unknown> = Promise.resolve();
  const whileLent = <T>(use: () => Promise<T>): Promise<T> => {
    if (!isLent) return Promise.reject(new Error("the request was given up"));
    const done = use();
    work = done.catch(() => {});
    return done;
  };
  return {
    blob: {
      length: incoming.length,
      append: (chunk) => whileLent(() => incoming.append(chunk)),
      restart: () => whileLent(incoming.restart),
      finish: () => whileLent(incoming.finish),
    },
    takeBack: async () => {
      isLent = false;
      await work;
    },
  };
};

/** A blob that is received into memory. */
export const incomingBytes = (hash: string): IncomingBlob & { bytes(): Uint8Array } => {
  let buffer = growingBuffer();
  const restart = async () => {
    buffer = growingBuffer();
  };
  return {
    length: () => buffer.length(),
    append: async (chunk) => buffer.append(chunk),
    restart,
    finish: async () => {
      if (createHash("sha256").update(buffer.bytes()).digest("hex") === hash) return true;
      await restart();
      return false;
    },
    bytes: () => buffer.bytes(),
  };
};
