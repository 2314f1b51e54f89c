import { bandKeys } from "#owner/pack/duplicates/minhash.js";
import { lengthFilter } from "#owner/pack/filters/length.js";
import { repetitionFilter } from "#owner/pack/filters/repetition.js";
import { symbolFilter } from "#owner/pack/filters/symbols.js";
import { packSettingsSchema } from "#owner/pack/settings.js";
import { createWords, findWords } from "#owner/pack/text/words.js";
import { readRows } from "#shared/documents/read-rows.js";
import { ownSeconds } from "../machine.js";
import type { StageFigures } from "./stages.js";

/** Our stages on a file of JSON Lines, one after another, in processor seconds. */
export const measureOurs = async (path: string): Promise<StageFigures> => {
  const { filters, duplicates } = packSettingsSchema.parse({});
  const words = createWords();
  const [length, symbols, repetition] = [
    lengthFilter(filters.length),
    symbolFilter(filters.symbols),
    repetitionFilter(filters.repetition),
  ];
  const keysOf = bandKeys(duplicates);
  const highs = new Uint32Array(duplicates.bands);
  const lows = new Uint32Array(duplicates.bands);
  const read = async (): Promise<readonly string[]> => {
    const texts: string[] = [];
    for await (const rows of readRows({ path, fields: ["text"] }))
      for (const row of rows) if (row.ok) texts.push((row.value as { readonly text: string }).text);
    return texts;
  };
  const reading = await timed(read);
  const { result: texts } = reading;
  const passed = (test: (text: string) => boolean): number => texts.filter(test).length;
  const quality = await timed(() =>
    passed((text) => {
      findWords(text, words);
      return length(text, words) === null && symbols(text, words) === null;
    }),
  );
  const varied = await timed(() => passed((text) => repetition(text, findWords(text, words)) === null));
  const sketch = await timed(() => passed((text) => keysOf(findWords(text, words), highs, lows)));
  return {
    seconds: {
      read: reading.seconds,
      quality: quality.seconds,
      repetition: varied.seconds,
      sketch: sketch.seconds,
    },
    kept: { quality: quality.result, repetition: varied.result },
  };
};

const timed = async <T>(work: () => T | Promise<T>) => {
  const begun = ownSeconds();
  const result = await work();
  return { result, seconds: ownSeconds() - begun };
};
