import { createHash } from "node:crypto";
import { cut, digestAhead, type Piece } from "#shared/files/byte-source.js";
import { sha256 } from "#shared/protocol/hash.js";
import {
  type CanonicalHeader,
  canonicalHeader,
  canonicalParts,
  type Tensor,
} from "#shared/tensor-files/safetensors.js";
import type { SafetensorsFile } from "#shared/tensor-files/safetensors-file.js";

/**
 * SHA-256 of the tensors' canonical file without metadata. It covers only names, dtypes, shapes and bytes, so neither a file's order nor
 * its metadata gives the same tensors a second hash.
 */
export const contentHash = (tensors: ReadonlyMap<string, Tensor>): string => sha256(...canonicalParts(tensors));

/**
 * `contentHash` of a file's tensors, whatever the file's own order. Reads one piece while it hashes another.
 *
 * @throws BlockZeroError FILE_SHRANK, FILE_UNREADABLE
 */
export const contentHashOfFile = (file: SafetensorsFile): Promise<string> => {
  const { bytes, tensors } = canonicalHeader(file.header.tensors);
  return digestAhead(createHash("sha256").update(bytes), piecesOf(file, tensors));
};

function* piecesOf(file: SafetensorsFile, tensors: CanonicalHeader["tensors"]): Generator<Piece> {
  for (const [name, { begin, end }] of tensors)
    yield* cut(end - begin, (into, offset) => file.read(name, into, offset));
}
