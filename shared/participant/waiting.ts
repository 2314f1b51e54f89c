import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { CycleSource, FileRequest } from "#shared/replay/source.js";
import type { Patience } from "./at-every-block.js";
import { cycleSource, type SourceContext, type SourceOptions } from "./cycle-source.js";
import type { Participant } from "./participant.js";
import { untilBlock } from "./until-block.js";

/**
 * A wait for files. One that has not come when it is over counts as not available (FETCH_TIMEOUT), and the rest is
 * settled without it.
 */
export interface FileWait extends Patience {
  /** Where they come from. */
  readonly source: CycleSource;
  /**
   * The same, but each file that it fetches has a wait of its own, from when it is asked for: what was asked for before
   * may have used up this one.
   */
  readonly eachWaited: CycleSource;
}

interface Waited extends Pick<SourceOptions, "isHeld"> {
  /** Block at which the wait is over. */
  readonly deadline: number;
  /**
   * Whether it is over at once where the chain has reached that block. Default: it lasts until the next block at least.
   */
  readonly isStrict?: boolean;
}

/**
 * Does work that needs others' files, with a wait for them that is over when the chain reaches a block.
 *
 * @throws what the work throws
 */
export const waitForFiles = <T>(
  participant: SourceContext & Pick<Participant, "clock">,
  waited: Waited,
  work: (wait: FileWait) => Promise<T>,
): Promise<T> => {
  const { clock, signal } = participant;
  const { deadline, isHeld, isStrict = false } = waited;
  const last = isStrict ? deadline : Math.max(deadline, clock.head.number + 1);
  return untilBlock(clock, last, signal, (until) => {
    const source = whileWaiting(cycleSource(participant, { until, isHeld }), until);
    const fetch: CycleSource["fetch"] = (file) => waitForFiles(participant, waited, (wait) => wait.source.fetch(file));
    return work({ until, deadline: last, source, eachWaited: { ...source, fetch } });
  });
};

const whileWaiting = (source: CycleSource, until: AbortSignal): CycleSource => {
  const inTime =
    <T>(get: (file: FileRequest) => Promise<T>) =>
    async (file: FileRequest): Promise<T> => {
      try {
        return await get(file);
      } catch (thrown) {
        if (!until.aborted || isFetchFault(thrown)) throw thrown;
        throw new BlockZeroError(
          "FETCH_TIMEOUT",
          `nobody sent ${file.what ?? file.hash} in time`,
          "it is asked for again in the next cycle",
        );
      }
    };
  return { ...source, fetch: inTime(source.fetch), open: inTime(source.open) };
};
