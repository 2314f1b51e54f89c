/**
 * Work on the newest of what comes: one at a time, and of those that come meanwhile only the last. Who cannot keep up does not fall behind.
 *
 * @returns resolves when nothing is left to work on; rejects with what the work throws
 */
export const newestOnly = <T extends object>(work: (item: T) => Promise<void>): ((item: T) => Promise<void>) => {
  let running: Promise<void> | null = null;
  let next: T | null = null;
  const run = async (): Promise<void> => {
    while (next !== null) {
      const item = next;
      next = null;
      await work(item);
    }
  };
  return (item) => {
    next = item;
    running ??= run().finally(() => {
      running = null;
    });
    return running;
  };
};
