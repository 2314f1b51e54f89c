import type { Tokenizer } from "#shared/data/tokenizer.js";
import { encodeShard, type ShardDocument } from "#shared/packs/shard.js";
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

/**
 * Reads documents and writes them as a shard; null where a tokenizer makes no token of any of them.
 *
 * @param pause what is waited for between documents
 */
export const encodeShardOf = async (
  pieces: PieceFiles,
  documents: readonly DocumentAt[],
  tokenizer: Tokenizer,
  pause: () => Promise<void> = async () => {},
): Promise<EncodedShard | null> => {
  const encoded: ShardDocument[] = [];
  for (const { piece, offset, bytes } of documents) {
    await pause();
    const document = encodeDocument(pieces.document(piece, offset, bytes), tokenizer);
    if (document.ids.length > 0) encoded.push(document);
  }
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
