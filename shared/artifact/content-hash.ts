import { createHash } from "node:crypto";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalHeader, canonicalParts, type Tensor } from "./safetensors.js";
import type { SafetensorsFile } from "./safetensors-file.js";

/**
 * SHA-256 of the tensors' canonical file without metadata: covers names, dtypes, shapes and bytes, and nothing else, so neither a
 * file's order nor its metadata gives the same tensors a second hash.
 */
export const contentHash = (tensors: ReadonlyMap<string, Tensor>): string => sha256(...canonicalParts(tensors));

/** Read at once; two such pieces are in memory. */
const PIECE_BYTES = 1 << 20;

/**
 * `contentHash` of a file's tensors, whatever the file's own order. One piece is read while another is hashed.
 *
 * @throws BlockZeroError FILE_SHRANK, FILE_UNREADABLE
 */
export const contentHashOfFile = async (file: SafetensorsFile): Promise<string> => {
  const { bytes, tensors } = canonicalHeader(file.header.tensors);
  const hash = createHash("sha256").update(bytes);
  let [piece, next] = [new Uint8Array(PIECE_BYTES), new Uint8Array(PIECE_BYTES)];
  let ready = new Uint8Array();
  for (const [name, { begin, end }] of tensors) {
    for (let offset = 0; offset < end - begin; offset += PIECE_BYTES) {
      const into = piece.subarray(0, Math.min(PIECE_BYTES, end - begin - offset));
      const read = file.read(name, into, offset);
      hash.update(ready);
      await read;
      ready = into;
      [piece, next] = [next, piece];
    }
  }
  return hash.update(ready).digest("hex");
};
