import type { Tokenizer } from "#shared/data/tokenizer.js";
import type { ShardDocument } from "#shared/packs/shard.js";
import type { PieceDocument } from "./pieces/piece.js";

/**
 * A document's tokens. A conversation is encoded as a whole, as `apply_chat_template` of transformers does it: in what a template wrote special
 * tokens mean themselves, and every second part counts, with a token that reaches into it.
 */
export const encodeDocument = ({ text, parts }: PieceDocument, tokenizer: Tokenizer): ShardDocument => {
  const bytes = Buffer.byteLength(text);
  if (!parts) return { ids: tokenizer.encode(text), bytes };
  const content = Buffer.from(text);
  let read = 0;
  const texts = parts.map((length) => {
    const from = read;
    read += length;
    return content.toString("utf8", from, read);
  });
  const { ids, places } = tokenizer.encodeParts(texts);
  const counts = new Uint8Array(ids.length);
  for (const [i, { from, to }] of places.entries()) if (i % 2 === 1) counts.fill(1, from, to);
  return { ids, counts, bytes };
};
