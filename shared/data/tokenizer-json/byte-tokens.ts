const utf8 = new TextEncoder();

/** SentencePiece's names of bytes. */
const BYTES_IN_HEX = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
);

/** The ids of a text's bytes, `<0x0A>` and so on; null where the vocabulary lacks one of them. */
export const byteFallback = (vocabulary: ReadonlyMap<string, number>): ((text: string) => readonly number[] | null) => {
  const tokens = BYTES_IN_HEX.map((token) => vocabulary.get(token));
  return (text) => {
    const ids: number[] = [];
    for (const byte of utf8.encode(text)) {
      const id = tokens[byte];
      if (id === undefined) return null;
      ids.push(id);
    }
    return ids;
  };
};
