import type { Tokenizer } from "#shared/data/tokenizer.js";
import { encodeShard } from "#shared/packs/shard.js";
import type { ShardRef } from "#shared/protocol/pack-manifest.js";
import { encodeDocument } from "../encode-document.js";
import type { PieceFiles } from "../pieces/piece-reader.js";

/** Where a document stands. */
export interface DocumentAt {
  readonly piece: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface EncodedShard {
  readonly bytes: Uint8Array;
  readonly figures: Pick<ShardRef, "documents" | "tokens" | "text_bytes">;
}

/** Reads documents and writes them as a shard; null where a tokenizer makes no token of any of them. */
export const encodeShardOf = (
  pieces: PieceFiles,
  documents: readonly DocumentAt[],
  tokenizer: Tokenizer,
): EncodedShard | null => {
  const encoded = documents
    .map(({ piece, offset, bytes }) => encodeDocument(pieces.document(piece, offset, bytes), tokenizer))
    .filter(({ ids }) => ids.length > 0);
  if (encoded.length === 0) return null;
  return {
    bytes: encodeShard(encoded, tokenizer.size),
    figures: {
      documents: encoded.length,
      tokens: encoded.reduce((sum, { ids }) => sum + ids.length, 0),
      text_bytes: encoded.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
};
