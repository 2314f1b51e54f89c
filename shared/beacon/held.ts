import { BlockZeroError } from "#shared/errors/error.js";
import type { Parsed } from "#shared/protocol/parsed.js";

/** What a validator has of the documents that others put on chain in a cycle, by their numbers, ascending. */
export interface Held {
  /** Here, and in order. */
  readonly held: readonly number[];
  /** Nobody who was asked sent them. */
  readonly missing: readonly number[];
}

/** Fetches numbered documents, all at once. One that is refused is in neither list. @throws what `fetch` throws, but for coded errors */
export const heldOf = async <T>(
  documents: Iterable<readonly [number, T]>,
  fetch: (document: T) => Promise<Parsed<unknown>>,
): Promise<Held> => {
  const found = await Promise.all(
    [...documents].map(async ([number, document]) => {
      try {
        return { number, isHeld: (await fetch(document)).ok };
      } catch (thrown) {
        if (thrown instanceof BlockZeroError) return { number, isHeld: null };
        throw thrown;
      }
    }),
  );
  const numbers = (of: boolean | null) => found.flatMap(({ number, isHeld }) => (isHeld === of ? [number] : []));
  return { held: numbers(true), missing: numbers(null) };
};
