import { once } from "#shared/util/once.js";

/** Things of which something is made once, each with a group's seed. */
export interface MadeOnce<K, V> {
  /** Makes it, unless it was made or is being made. What could not be made is made anew. @throws what making it throws */
  ask(of: K, seed: string): Promise<V>;
  /** What was made. */
  made(of: K, seed: string): V | undefined;
}

/** @param nameOf tells the things apart */
export const madeOnce = <K, V>(
  make: (of: K, seed: string) => Promise<V>,
  nameOf: (of: K) => string,
): MadeOnce<K, V> => {
  const making = new Map<string, () => Promise<V>>();
  const made = new Map<string, V>();
  const keyOf = (of: K, seed: string) => `${nameOf(of)} ${seed}`;
  return {
    ask(of, seed) {
      const key = keyOf(of, seed);
      const ask =
        making.get(key) ??
        once(async () => {
          const value = await make(of, seed);
          made.set(key, value);
          return value;
        });
      making.set(key, ask);
      return ask();
    },
    made: (of, seed) => made.get(keyOf(of, seed)),
  };
};
