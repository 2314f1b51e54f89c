import type { IncomingBlob } from "./incoming-blob.js";

/** Counts the bytes that are appended. */
export const countingBytes = (incoming: IncomingBlob) => {
  let bytes = 0;
  const blob: IncomingBlob = {
    length: incoming.length,
    append: (chunk) => {
      bytes += chunk.length;
      return incoming.append(chunk);
    },
    restart: incoming.restart,
    finish: incoming.finish,
  };
  return { blob, bytes: () => bytes };
};

/** Records in `sources` whose bytes are here. */
export const credited = (incoming: IncomingBlob, location: string, sources: Set<string>): IncomingBlob => ({
  length: incoming.length,
  append: async (chunk) => {
    sources.add(location);
    await incoming.append(chunk);
  },
  restart: async () => {
    sources.clear();
    await incoming.restart();
  },
  finish: async () => {
    const isWhole = await incoming.finish();
    if (!isWhole) sources.clear();
    return isWhole;
  },
});
