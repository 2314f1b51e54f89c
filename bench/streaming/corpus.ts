import { openMobyDick } from "#datasets/moby-dick.js";
import { openStateOfTheUnion } from "#datasets/sotu.js";
import { createRandom } from "#shared/data/random.js";

/** Words of a phrase: fewer than make a shingle with a word to spare, so that documents have little in common. */
const [FEWEST, MOST] = [3, 7];
/** Phrases of a document: 40 to 1,200, some 500 words on average of a long-tailed choice. */
const [SHORTEST, LONGEST] = [15, 400];
/** Documents that may come again. */
const RECENT = 4096;

/**
 * Endless documents of phrases of real prose: short ones and, fewer, long ones. Of a hundred four are one of the last documents again, and four are
 * one with a phrase exchanged.
 */
export function* phrases(seed: string): Generator<string> {
  const text = [openMobyDick(), openStateOfTheUnion()]
    .flatMap((source) => Array.from({ length: Number(source.size) }, (_, i) => source.document(i)))
    .join(" ")
    .replace(/\s+/g, " ");
  const starts = [...text.matchAll(/(?<= )\S/g)].map(({ index }) => index);
  const random = createRandom(seed);
  const phrase = (): string => {
    const count = FEWEST + random.below(MOST - FEWEST + 1);
    const first = random.below(starts.length - count);
    return text.slice(starts[first], starts[first + count]! - 1);
  };
  const recent: (readonly string[])[] = [];
  for (let made = 0; ; made++) {
    const kind = made < RECENT ? 100 : random.below(100);
    const again = recent[random.below(Math.max(1, recent.length))] ?? [];
    const length = SHORTEST + Math.floor((LONGEST - SHORTEST) * random.next() ** 3);
    const document = kind < 8 ? [...again] : Array.from({ length }, phrase);
    if (kind < 4) document[random.below(document.length)] = phrase();
    recent[made % RECENT] = document;
    yield document.join(" ");
  }
}
