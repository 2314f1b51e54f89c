import { createHash, type Hash } from "node:crypto";
import { createScratch } from "./scratch.js";

/** Bytes that are read in any order, of which no more is in memory than was asked for. */
export interface ByteSource {
  readonly size: number;
  /** SHA-256 of all of it, where that was verified when it was opened. */
  readonly hash?: string;
  /** Fills `into` with what stands at `position`. */
  fill(into: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** Bytes that are in memory anyway. */
export const bytesSource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  fill: async (into, position) => {
    if (position + into.length > bytes.length) throw new RangeError(`${bytes.length} bytes end before ${position}`);
    into.set(bytes.subarray(position, position + into.length));
  },
  close: async () => {},
});

/** Read at once where a whole file is gone through. */
export const PIECE_BYTES = 1 << 20;

/** SHA-256 of all of it. */
export const hashOfSource = ({ size, fill }: ByteSource): Promise<string> =>
  digestAhead(createHash("sha256"), cut(size, fill));

/** Bytes that are yet to be read. */
export interface Piece {
  readonly bytes: number;
  fill(into: Uint8Array): Promise<void>;
}

/** `size` bytes, of which `fill` gives those from a position on, in pieces that are small enough for `digestAhead`. */
export function* cut(size: number, fill: ByteSource["fill"]): Generator<Piece> {
  for (let at = 0; at < size; at += PIECE_BYTES)
    yield { bytes: Math.min(PIECE_BYTES, size - at), fill: (into) => fill(into, at) };
}

/** The digest of what was hashed before and these pieces. One is read while another is hashed. */
export const digestAhead = async (hash: Hash, pieces: Iterable<Piece>): Promise<string> => {
  const memory = [createScratch(), createScratch()] as const;
  let ready: Uint8Array = new Uint8Array();
  let turn = 0;
  for (const { bytes, fill } of pieces) {
    const into = memory[turn++ % 2]!(bytes);
    const read = fill(into);
    hash.update(ready);
    await read;
    ready = into;
  }
  return hash.update(ready).digest("hex");
};

/** All of it, in memory. */
export const bytesOfSource = async (source: ByteSource): Promise<Uint8Array> => {
  const bytes = Buffer.allocUnsafeSlow(source.size);
  await source.fill(bytes, 0);
  return bytes;
};

/** Does some work with a source, and closes it. */
export const withSource = async <S extends ByteSource, T>(source: S, work: (source: S) => Promise<T>): Promise<T> => {
  try {
    return await work(source);
  } finally {
    await source.close();
  }
};
