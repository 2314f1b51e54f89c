import type { PackSettings } from "../settings.js";
import type { Filter } from "./filter.js";

/** Number of words and their mean length, as Gopher has them (Rae et al., arXiv 2112.11446, A1.1). */
export const lengthFilter =
  ({
    words: [fewest, most],
    mean_word_length: [shortest, longest],
    bytes,
  }: PackSettings["filters"]["length"]): Filter =>
  (text, words) => {
    if (words.count < fewest) return `fewer than ${fewest} words`;
    if (words.count > most) return `more than ${most} words`;
    // A UTF-16 code unit takes at least a byte; the exact length is only asked for where it matters.
    if (text.length > bytes || (3 * text.length > bytes && Buffer.byteLength(text) > bytes))
      return `longer than ${bytes} bytes`;
    let letters = 0;
    for (let i = 0; i < words.count; i++) letters += words.ends[i]! - words.starts[i]!;
    const mean = letters / words.count;
    if (mean < shortest) return `words of less than ${shortest} characters on average`;
    if (mean > longest) return `words of more than ${longest} characters on average`;
    return null;
  };
