import { createBpe } from "./bpe.js";
import type { TokenizerDocument } from "./document.js";
import { createUnigram } from "./unigram.js";
import { createWordPiece } from "./word-piece.js";

/** Words to ids, as the model of a tokenizer.json does it. @param separators what begins and ends documents: no word is ever one of them */
export const encoderOfWords = (
  { parts, vocabulary, merges, scores }: TokenizerDocument,
  separators: { readonly start: number | null; readonly end: number },
): ((word: string) => readonly number[]) => {
  const { model } = parts;
  const isSpecial = new Set(parts.added_tokens.flatMap(({ special, id }) => (special ? [id] : [])));
  // No word of a document may come out as a special token.
  const ordinary = new Map([...vocabulary].filter(([, id]) => !isSpecial.has(id)));
  const named = model.type === "Unigram" ? model.unk_id : vocabulary.get(model.unk_token ?? "");
  const unknown = named === separators.end || named === separators.start ? undefined : named;
  switch (model.type) {
    case "BPE":
      return createBpe({
        vocabulary: ordinary,
        merges: merges.filter(([, , merged]) => !isSpecial.has(merged)),
        unknown: model.unk_token == null ? undefined : unknown,
        fuseUnknown: model.fuse_unk,
        byteFallback: model.byte_fallback,
        ignoreMerges: model.ignore_merges,
      });
    case "Unigram":
      return createUnigram({ vocabulary: ordinary, scores, unknown, byteFallback: model.byte_fallback });
    case "WordPiece":
      return createWordPiece({
        vocabulary: ordinary,
        unknown,
        prefix: model.continuing_subword_prefix,
        longest: model.max_input_chars_per_word,
      });
  }
};
