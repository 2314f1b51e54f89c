import { createRandom } from "#shared/data/random.js";
import type { DocumentSource } from "#shared/data/source.js";
import { type Level, topics } from "./arithmetic-problems.js";

/** A document ends at the first problem past its target, which lies between these lengths. */
const SHORTEST = 300;
const LONGEST = 900;

/**
 * Worked arithmetic without end: every document is a page of several problems of one topic, each solved step by step,
 * in plain ASCII. `document(i)` depends on `i` alone.
 */
export const openArithmetic = (): DocumentSource => ({
  kind: "arithmetic",
  size: "unbounded",
  document(index) {
    if (!Number.isInteger(index) || index < 0 || index >= 2 ** 32) {
      throw new RangeError(`arithmetic has documents 0 to 2^32 - 1, not ${index}`);
    }
    const random = createRandom(`blockzero arithmetic ${index}`);
    const topic = random.pick(topics);
    const level = random.pick<Level>([1, 2, 3]);
    const target = SHORTEST + random.below(LONGEST - SHORTEST + 1);

    let page = `${topic.title}\n`;
    for (let number = 1; page.length < target; number++) {
      const solve = random.pick(topic.problems);
      page += `\n${number}. ${solve(random, level)}\n`;
    }
    return page;
  },
});
