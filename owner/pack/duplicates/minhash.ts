import { eachGram } from "../text/grams.js";
import { mix } from "../text/mix.js";
import type { Words } from "../text/words.js";

/** How near-duplicates are found: shingles of so many words; their sketch is compared in `bands` bands of `rows` values. */
export interface Lsh {
  readonly words: number;
  readonly bands: number;
  readonly rows: number;
}

/**
 * The chance that two texts whose shingles have a Jaccard similarity of `similarity` are found: that all rows of some band agree,
 * 1 − (1 − s^rows)^bands (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", 3.4).
 */
export const chanceToFind = (similarity: number, { bands, rows }: Lsh): number => 1 - (1 - similarity ** rows) ** bands;

const EMPTY = 0xffffffff;

/**
 * Sketches texts by one-permutation MinHash: every shingle falls into one of bands × rows bins and each bin keeps the least hash (Li, Owen and
 * Zhang, "One permutation hashing", 2012); an empty bin takes the value of another, drawn by its number (Shrivastava, "Optimal densification for fast
 * and accurate minwise hashing", 2017). One hash a shingle instead of one a value.
 *
 * @returns a function that writes each band's key, two numbers of 32 bits, and returns whether the text has any word
 */
export const bandKeys = ({ words: length, bands, rows }: Lsh) => {
  const bins = bands * rows;
  const sketch = new Uint32Array(bins);
  const dense = new Uint32Array(bins);
  return (words: Words, highs: Uint32Array, lows: Uint32Array): boolean => {
    if (words.count === 0) return false;
    sketch.fill(EMPTY);
    eachGram(words, length, (high, low) => {
      const bin = Math.floor((high / 2 ** 32) * bins);
      // The largest hash stands for an empty bin.
      if (low < sketch[bin]!) sketch[bin] = low;
    });
    if (sketch.every((value) => value === EMPTY)) return false;
    densify(sketch, dense);
    for (let band = 0; band < bands; band++) {
      let high = band;
      let low = ~band;
      for (let row = band * rows; row < (band + 1) * rows; row++) {
        high = mix(high ^ dense[row]!);
        low = mix(Math.imul(low, 31) + dense[row]!);
      }
      highs[band] = high;
      lows[band] = low;
    }
    return true;
  };
};

const densify = (sketch: Uint32Array, into: Uint32Array): void => {
  for (let bin = 0; bin < sketch.length; bin++) {
    let from = bin;
    for (let attempt = 1; sketch[from] === EMPTY; attempt++)
      from = Math.floor((mix(Math.imul(bin + 1, 0x9e3779b1) + attempt) / 2 ** 32) * sketch.length);
    into[bin] = sketch[from]!;
  }
};
