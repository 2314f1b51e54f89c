/** Words of at most this many characters are remembered, and how many of them. */
const REMEMBERED_LENGTH = 64;
const REMEMBERED_WORDS = 50_000;

/** The ids of words, which are computed once for short ones that come again. */
export const remembered = (encode: (word: string) => readonly number[]): ((word: string) => readonly number[]) => {
  const known = new Map<string, readonly number[]>();
  return (word) => {
    if (word.length > REMEMBERED_LENGTH) return encode(word);
    const found = known.get(word);
    if (found) return found;
    if (known.size >= REMEMBERED_WORDS) known.clear();
    const ids = encode(word);
    known.set(word, ids);
    return ids;
  };
};
