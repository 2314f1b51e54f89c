import { openMobyDick } from "#datasets/moby-dick.js";
import { openStateOfTheUnion } from "#datasets/sotu.js";
import { createRandom } from "#shared/data/random.js";

/** Words of a document. */
const SHORTEST = 100;
const LONGEST = 900;

/** Documents of real prose, of so many bytes in all: pieces of books, each with a few words exchanged so that none comes twice. */
export const corpusOf = (bytes: number): readonly string[] => {
  const words = [openMobyDick(), openStateOfTheUnion()].flatMap((source) =>
    Array.from({ length: Number(source.size) }, (_, i) => source.document(i).split(" ")),
  );
  const random = createRandom("bench data");
  const documents: string[] = [];
  for (let done = 0; done < bytes; ) {
    const chapter = words[random.below(words.length)]!;
    const from = random.below(chapter.length);
    const piece = chapter.slice(from, from + SHORTEST + random.below(LONGEST - SHORTEST));
    for (let i = 0; i < piece.length; i++)
      if (random.below(50) === 0) piece[i] = chapter[random.below(chapter.length)]!;
    const text = piece.join(" ");
    documents.push(text);
    done += Buffer.byteLength(text);
  }
  return documents;
};
