import type { PackSettings } from "../settings.js";
import type { Filter } from "./filter.js";
import { isSpelt, wordsIn } from "./unspaced.js";

/**
 * Number of words and their mean length, after Gopher (Rae et al., arXiv 2112.11446, A1.1), whose mean is 3 to 10. The mean is that of words with
 * spaces between them; of a text in which most have none it says nothing.
 */
export const lengthFilter =
  ({
    words: [fewest, most],
    mean_word_length: [shortest, longest],
    bytes,
  }: PackSettings["filters"]["length"]): Filter =>
  (text, words) => {
    let count = 0;
    let spelt = 0;
    let letters = 0;
    for (let i = 0; i < words.count; i++) {
      count += wordsIn(text, words, i);
      if (!isSpelt(text, words, i)) continue;
      spelt++;
      letters += words.ends[i]! - words.starts[i]!;
    }
    if (count < fewest) return `fewer than ${fewest} words`;
    if (count > most) return `more than ${most} words`;
    // A UTF-16 code unit takes at least a byte; the exact length is only asked for where it matters.
    if (text.length > bytes || (3 * text.length > bytes && Buffer.byteLength(text) > bytes))
      return `longer than ${bytes} bytes`;
    if (2 * spelt < count) return null;
    const mean = letters / spelt;
    if (mean < shortest) return `words of less than ${shortest} characters on average`;
    if (mean > longest) return `words of more than ${longest} characters on average`;
    return null;
  };
