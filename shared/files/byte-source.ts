import { createHash, type Hash } from "node:crypto";
import { createScratch } from "./scratch.js";

/** Bytes that can be read in any order. Only the requested bytes are in memory. */
export interface ByteSource {
  readonly size: number;
  /** SHA-256 of all bytes, if it was verified at opening. */
  readonly hash?: string;
  /** Fills `into` with the bytes at `position`. */
  fill(into: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** A source of bytes that are already in memory. */
export const bytesSource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  fill: async (into, position) => {
    if (position + into.length > bytes.length) throw new RangeError(`${bytes.length} bytes end before ${position}`);
    into.set(bytes.subarray(position, position + into.length));
  },
  close: async () => {},
});

/** Bytes per read when a whole file is read. */
export const PIECE_BYTES = 1 << 20;

/** SHA-256 of all bytes. */
export const hashOfSource = ({ size, fill }: ByteSource): Promise<string> =>
  digestAhead(createHash("sha256"), cut(size, fill));

/** A piece of a source, before it is read. */
interface Piece {
  readonly bytes: number;
  fill(into: Uint8Array): Promise<void>;
}

/** Cuts `size` bytes, which `fill` reads, into pieces that are small enough for `digestAhead`. */
export function* cut(size: number, fill: ByteSource["fill"]): Generator<Piece> {
  for (let at = 0; at < size; at += PIECE_BYTES)
    yield { bytes: Math.min(PIECE_BYTES, size - at), fill: (into) => fill(into, at) };
}

/** The digest of the bytes hashed before and these pieces. Reads one piece while it hashes another. */
const digestAhead = async (hash: Hash, pieces: Iterable<Piece>): Promise<string> => {
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

/** All bytes, in memory. */
export const bytesOfSource = async (source: ByteSource): Promise<Uint8Array> => {
  const bytes = Buffer.allocUnsafeSlow(source.size);
  await source.fill(bytes, 0);
  return bytes;
};

/** Runs `work` with a source, and closes the source. */
export const withSource = async <S extends ByteSource, T>(source: S, work: (source: S) => Promise<T>): Promise<T> => {
  try {
    return await work(source);
  } finally {
    await source.close();
  }
};
