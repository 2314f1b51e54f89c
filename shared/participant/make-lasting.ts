interface Lasting<T> {
  /** What was made before a restart, or before a fault after which this is begun again. Null if nothing was. */
  readonly kept?: T | null;
  readonly make: () => Promise<T>;
  /** Whether the blocks that it was made by are the chain's. */
  readonly isInForce: (made: T) => Promise<boolean>;
  /** Told before it is made again. Throws where no time is left for that. */
  readonly onReplaced: () => void;
}

/**
 * Makes something until the blocks that it was made by are the chain's: again where a fork replaced one of them, also what was made before a restart.
 *
 * @throws what making it, looking and `onReplaced` throw
 */
export const makeLasting = async <T>({ kept = null, make, isInForce, onReplaced }: Lasting<T>): Promise<T> => {
  for (let made = kept ?? (await make()); ; made = await make()) {
    if (await isInForce(made)) return made;
    onReplaced();
  }
};
