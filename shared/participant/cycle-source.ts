import type { CycleSource, FileRequest } from "#shared/replay/source.js";
import type { BlobRequest } from "./blobs.js";
import type { Participant } from "./join.js";

/**
 * What a participant replays cycles from: its chain, and files from its own store, from who announced them, or from the validators and the
 * owner, who should have what was judged.
 *
 * @param until aborts when there is no more time to wait for a server
 */
export const cycleSource = (
  {
    chain,
    network,
    networkHash,
    blobs,
    models,
    signal,
  }: Pick<Participant, "chain" | "network" | "networkHash" | "blobs" | "models" | "signal">,
  until?: AbortSignal,
): CycleSource => {
  const request = ({ hash, maxBytes, location }: FileRequest): BlobRequest => ({
    hash,
    maxBytes,
    locations: async () => [...(location === undefined ? [] : [location]), ...(await models.servers())],
    signal: until ? AbortSignal.any([signal, until]) : signal,
  });
  return {
    chain,
    network,
    networkHash,
    fetch: (file) => blobs.get(request(file)),
    open: (file) => blobs.open(request(file)),
  };
};
