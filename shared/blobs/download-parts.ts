import type { IncomingBlob } from "./incoming-blob.js";

/** The beginning of a blob. */
export interface DownloadPart {
  readonly blob: IncomingBlob;
  /** The servers whose bytes it holds. */
  readonly sources: Set<string>;
}

export interface DownloadParts {
  /** The part that a server's next bytes go to. */
  of(location: string): Promise<DownloadPart>;
  /** The server goes on with its part in a later turn. */
  keep(location: string, part: DownloadPart): void;
  /** The server sent nothing of it, or is not asked any more. Another may go on with its part. */
  leave(location: string, part: DownloadPart): void;
}

/** Marks bytes of an earlier attempt, whose source is not known any more. */
const EARLIER = "";

/**
 * What the servers of one download have sent. A server that was interrupted goes on with its own bytes: nobody who is asked meanwhile adds to them,
 * or throws them away. What a server leaves when it breaks off is for the next one.
 */
export const downloadParts = (incoming: IncomingBlob): DownloadParts => {
  const first: DownloadPart = { blob: incoming, sources: new Set(incoming.length() > 0 ? [EARLIER] : []) };
  const held = new Map<string, DownloadPart>();
  let free: DownloadPart | undefined = first;
  return {
    async of(location) {
      const part = held.get(location) ?? free;
      if (part) return part;
      const beside = await incoming.beside?.();
      return beside ? { blob: beside, sources: new Set() } : first;
    },
    keep(location, part) {
      held.set(location, part);
      if (free === part) free = undefined;
    },
    leave(location, part) {
      held.delete(location);
      if (free === undefined || free.blob.length() < part.blob.length()) free = part;
    },
  };
};
