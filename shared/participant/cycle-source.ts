import { isChainFault } from "#shared/chain/chain-fault.js";
import type { CycleSource, FileRequest } from "#shared/replay/source.js";
import type { BlobRequest } from "./files/blobs.js";
import type { Participant } from "./participant.js";

/**
 * Other servers, drawn again each time, that are asked for an announced file. If everybody asked everybody for a file that a miner
 * withholds, this would flood the subnet.
 */
const OTHERS_ASKED = 8;

export type SourceContext = Pick<Participant, "chain" | "network" | "networkHash" | "blobs" | "models" | "signal">;

export interface SourceOptions {
  /** Aborts when there is no time left to wait for a server, and where the participant's own signal does (`untilBlock`). */
  readonly until?: AbortSignal | undefined;
  /** Called when a server is about to be asked. */
  readonly onAsked?: (() => void) | undefined;
  /** Whether a majority said that it holds an announced file. Then all servers are asked for it. Default: false. */
  readonly isHeld?: boolean | undefined;
  /** Whether validators and the owner alone are asked for an announced file, and not who announced it. Default: false. */
  readonly isHandedOn?: boolean | undefined;
}

/**
 * The source from which a participant replays cycles: its chain, and files from its own store, from the server that announced them, or from
 * the validators, the owner and others, which may have them too.
 */
export const cycleSource = (
  { chain, network, networkHash, blobs, models, signal }: SourceContext,
  { until, onAsked, isHeld = false, isHandedOn = false }: SourceOptions = {},
): CycleSource => {
  const request = ({ hash, maxBytes, location, what }: FileRequest): BlobRequest => ({
    hash,
    what,
    maxBytes,
    onAsked,
    locations: async () => {
      if (location === undefined) return models.servers(hash);
      if (isHandedOn) return models.trusted();
      // The order of `servers()` without a hash: naming the file too, to be asked before the others, gains nothing.
      const servers = await models.servers().catch((thrown: unknown) => {
        // A chain that does not say who else there is keeps nobody from asking the server that announced the file.
        if (isChainFault(thrown)) return [];
        throw thrown;
      });
      return [location, ...servers.slice(0, isHeld ? undefined : OTHERS_ASKED)];
    },
    signal: until ?? signal,
    // What somebody announced anybody may have named.
    isAgreed: location === undefined,
  });
  return {
    chain,
    network,
    networkHash,
    fetch: (file) => blobs.get(request(file)),
    open: (file) => blobs.open(request(file)),
  };
};
