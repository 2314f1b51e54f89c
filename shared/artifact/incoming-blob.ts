import { createHash } from "node:crypto";
import { growingBuffer } from "./growing-buffer.js";

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
