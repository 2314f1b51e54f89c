import type { CycleSource, FileRequest } from "#shared/replay/source.js";
import type { BlobRequest } from "./files/blobs.js";
import type { Participant } from "./participant.js";

/** Others, drawn anew each time, who are asked for a file that somebody announced: everybody asking everybody for what a miner withholds would be a flood. */
const OTHERS_ASKED = 8;

export interface Waiting {
  /** Aborts when there is no more time to wait for a server. */
  readonly until?: AbortSignal | undefined;
  /** Called when a server is about to be asked. */
  readonly onAsked?: (() => void) | undefined;
  /** Whether all are asked for a file that somebody announced, for one that a majority said it has: false unless given. */
  readonly isHeld?: boolean | undefined;
}

/**
 * What a participant replays cycles from: its chain, and files from its own store, from who announced them, or from the validators, the
 * owner and others, who may have them as well.
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
  { until, onAsked, isHeld = false }: Waiting = {},
): CycleSource => {
  const request = ({ hash, maxBytes, location, what }: FileRequest): BlobRequest => ({
    hash,
    what,
    maxBytes,
    onAsked,
    locations: async () => {
      if (location === undefined) return models.servers(hash);
      // Whoever names it as well, to be asked before the others, gains nothing.
      return [location, ...(await models.servers()).slice(0, isHeld ? undefined : OTHERS_ASKED)];
    },
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
