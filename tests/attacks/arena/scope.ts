import type { Living } from "../../support/subnet.js";

/** A scope that ends when it is told to: what was opened last closes first. */
export const openScope = (): Living & { close(): Promise<void> } => {
  const controller = new AbortController();
  const open: (() => unknown)[] = [];
  return {
    signal: controller.signal,
    after: (close) => void open.push(close),
    async close() {
      for (const close of open.reverse()) await close();
      controller.abort();
    },
  };
};
