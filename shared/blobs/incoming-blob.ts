import { createHash } from "node:crypto";
import { growingBuffer } from "#shared/files/growing-buffer.js";

/** A blob that is being received. It is hashed while it arrives, and used only after its hash was verified. */
export interface IncomingBlob {
  /** Number of bytes received, from the first byte on. */
  length(): number;
  append(chunk: Uint8Array): Promise<void>;
  /** Discards the received bytes. */
  restart(): Promise<void>;
  /** Whether the received bytes are the blob. If not, discards them. */
  finish(): Promise<boolean>;
  /**
   * An empty one for the same blob, whose bytes come from elsewhere. Whichever is finished first is the blob. Absent if there is room for one only.
   */
  beside?(): Promise<IncomingBlob>;
}

export interface Loan {
  readonly blob: IncomingBlob;
  /** Takes the blob back: nothing more is accepted from the borrower. Resolves when the writes in progress are done. */
  takeBack(): Promise<void>;
}

/**
 * Lends a blob to one request. An abandoned request may still be active. After the blob is taken back, that request can no longer write
 * into what the next one continues.
 */
export const lend = (incoming: IncomingBlob): Loan => {
  let isLent = true;
  const besides: Loan[] = [];
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
      ...(incoming.beside && {
        beside: async () => {
          const loan = lend(await whileLent(incoming.beside!));
          besides.push(loan);
          return loan.blob;
        },
      }),
    },
    takeBack: async () => {
      isLent = false;
      await work;
      await Promise.all(besides.map((loan) => loan.takeBack()));
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
