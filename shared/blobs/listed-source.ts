import type { BlobStore } from "./blob-store.js";
import { hashFilter } from "./hash-filter.js";
import type { BlobSource } from "./layered-store.js";

/** What is asked for nothing that it is not known to have. */
export interface ListedSource extends BlobSource {
  /** It has this one too: it was just put there. */
  add(hash: string): void;
}

/** Milliseconds from a list to the next one at least. */
const LEAST_PAUSE_MS = 60_000;
/** How often a list's own time the next one waits. */
const PAUSE_FACTOR = 100;

/**
 * A store elsewhere that is asked for nothing but what its list has, or was put there: anybody may ask for any hash, or name one, and what a
 * service is asked its owner pays for. It is listed now, and again where something is asked for that it does not have, once a minute at most
 * and for no more than a hundredth of the time. Nobody waits for a list: what it has not come to yet is not there.
 *
 * @param now milliseconds, of a clock that never goes back
 */
export const listedSource = (
  far: BlobSource & Pick<BlobStore, "list">,
  now: () => number = () => performance.now(),
): ListedSource => {
  // What is deleted there is asked for in vain: a list takes nothing out of it.
  const listed = hashFilter();
  let due = Number.NEGATIVE_INFINITY;
  const list = async (): Promise<void> => {
    const begun = now();
    due = Number.POSITIVE_INFINITY;
    let pause = LEAST_PAUSE_MS;
    try {
      for await (const hash of far.list()) listed.add(hash);
      pause = Math.max(pause, PAUSE_FACTOR * (now() - begun));
    } catch {
      // It does not answer, as copies say in the log.
    }
    due = now() + pause;
  };
  void list();
  return {
    size: async (hash) => {
      if (listed.mayHave(hash)) return far.size(hash);
      if (now() >= due) void list();
      return null;
    },
    stream: far.stream,
    add: listed.add,
  };
};
