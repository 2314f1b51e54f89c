import type { Chain } from "#shared/chain/chain.js";

/** Resolves when the next block is `block` or a later one. @throws the signal's reason once it aborts */
export const untilNextIs = async (
  chain: Pick<Chain, "head" | "onHead">,
  block: number,
  signal: AbortSignal,
): Promise<void> => {
  const done = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      const look = ({ number }: { readonly number: number }) => {
        if (number + 1 >= block) resolve();
      };
      signal.throwIfAborted();
      signal.addEventListener("abort", () => reject(signal.reason), { once: true, signal: done.signal });
      chain.onHead(look, done.signal);
      // A head that came before it was listened for.
      chain.head().then(look, reject);
    });
  } finally {
    done.abort();
  }
};
