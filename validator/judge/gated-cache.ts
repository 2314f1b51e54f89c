import type { FloatTensors } from "#shared/artifact/update.js";
import type { UpdateMemory } from "#shared/artifact/update-reader.js";
import { reasonOf } from "#shared/errors/error.js";
import type { OpenChange } from "#shared/evaluation/change.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import { type GatedUpdate, loadUpdate, openChange } from "#shared/replay/gate-submission.js";
import { byteBudgetCache, bytesOfTensors } from "#shared/util/byte-budget-cache.js";

/** Reads updates that passed the gates, as often as needed. */
export interface GatedReader {
  /** Its tensors. Null if they cannot be read again: then this validator has failed, and only this update is affected. */
  load(update: GatedUpdate): Promise<FloatTensors | null>;
  /** The same with its tensors read one by one, into a memory that updates which are read in turns share. Close it. */
  open(update: GatedUpdate, memory: UpdateMemory): Promise<OpenChange | null>;
  /** Why an update could not be read, in one line. */
  problemOf(update: GatedUpdate): string | null;
}

export interface GatedReaderOptions {
  /** Aborts when there is no time left to fetch a lost update. */
  readonly until: AbortSignal;
  /** Bytes of updates that stay in memory between reads. Any other update is read from the store, and its hash verified, each time. */
  readonly cacheBytes: number;
}

/** The methods throw only on the participant's own abort. */
export const openGatedReader = (participant: Participant, { until, cacheBytes }: GatedReaderOptions): GatedReader => {
  const { signal, log } = participant;
  const source = cycleSource(participant, { until });
  const keep = byteBudgetCache<GatedUpdate, FloatTensors>((tensors) => bytesOfTensors(tensors.values()), cacheBytes);
  const problems = new Map<GatedUpdate, string>();
  const readable = async <T>(update: GatedUpdate, read: () => Promise<T>): Promise<T | null> => {
    try {
      return await read();
    } catch (thrown) {
      signal.throwIfAborted();
      const reason = until.aborted ? "there was no time left to fetch it" : reasonOf(thrown);
      problems.set(update, asciiLine(`it could not be read again: ${reason}`));
      log.warn("update not readable", { artifact: update.artifact, group: update.group, reason });
      return null;
    }
  };
  return {
    problemOf: (update) => problems.get(update) ?? null,
    load: (update) => readable(update, () => keep(update, () => loadUpdate(source, update))),
    open: (update, memory) => readable(update, () => openChange(source, update, memory)),
  };
};
