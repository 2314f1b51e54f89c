import { closest, distance } from "fastest-levenshtein";

/** The known name a misspelt one most likely means; undefined when none is near enough to be helpful. */
export const nearest = (name: string, known: readonly string[]): string | undefined => {
  if (known.length === 0) return undefined;
  const best = closest(name, known);
  return distance(name, best) <= Math.max(2, Math.floor(best.length / 3)) ? best : undefined;
};
