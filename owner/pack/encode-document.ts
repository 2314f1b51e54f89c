import type { Tokenizer } from "#shared/data/tokenizer.js";
import type { ShardDocument } from "#shared/packs/shard.js";
import type { PieceDocument } from "./pieces/piece.js";

/**
 * A document's tokens. The parts of a conversation are encoded one by one, as a model meets them: what it is asked stands before what it writes; only
 * the latter counts. In what a template wrote special tokens mean themselves.
 */
export const encodeDocument = ({ text, parts }: PieceDocument, tokenizer: Tokenizer): ShardDocument => {
  const bytes = Buffer.byteLength(text);
  if (!parts) return { ids: tokenizer.encode(text), bytes };
  const content = Buffer.from(text);
  const lots: Uint32Array[] = [];
  let from = 0;
  for (const length of parts) {
    lots.push(tokenizer.encodePrompt(content.toString("utf8", from, from + length)));
    from += length;
  }
  const total = lots.reduce((sum, { length }) => sum + length, 0);
  const ids = new Uint32Array(total);
  const counts = new Uint8Array(total);
  let at = 0;
  for (const [i, lot] of lots.entries()) {
    ids.set(lot, at);
    counts.fill(i % 2, at, at + lot.length);
    at += lot.length;
  }
  return { ids, counts, bytes };
};
