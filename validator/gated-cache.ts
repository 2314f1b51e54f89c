import type { FloatTensors } from "#shared/artifact/update.js";
import { reasonOf } from "#shared/errors/error.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { printable } from "#shared/protocol/parsed.js";
import { type GatedUpdate, loadGated } from "#shared/replay/gate-with-blame.js";
import { byteBudgetCache, bytesOfTensors } from "#shared/util/byte-budget-cache.js";

/** Reads updates that passed the gates, as often as they are looked at. */
export interface GatedReader {
  /** Its tensors; null where they cannot be had again, which is our own failure, and costs that update alone. */
  load(update: GatedUpdate): Promise<FloatTensors | null>;
  /** What kept an update from being read, one line. */
  problemOf(update: GatedUpdate): string | null;
}

export interface GatedReaderOptions {
  /** Aborts when there is no more time to fetch what was lost. */
  readonly until: AbortSignal;
  /** Bytes of updates that are kept in memory from one look to the next; any others are read, and their hash is verified, each time. */
  readonly room: number;
}

/** Its methods throw nothing but the participant's own abort. */
export const openGatedReader = (participant: Participant, { until, room }: GatedReaderOptions): GatedReader => {
  const { signal, log } = participant;
  const source = cycleSource(participant, { until });
  const keep = byteBudgetCache<GatedUpdate, FloatTensors>((tensors) => bytesOfTensors(tensors.values()), room);
  const problems = new Map<GatedUpdate, string>();
  return {
    problemOf: (update) => problems.get(update) ?? null,
    load: async (update) => {
      try {
        return await keep(update, () => loadGated(source, update));
      } catch (thrown) {
        signal.throwIfAborted();
        const reason = until.aborted ? "there was no time left to fetch it" : reasonOf(thrown);
        problems.set(update, printable(`it could not be read again: ${reason}`));
        log.warn("update not readable", { artifact: update.artifact, group: update.group, reason });
        return null;
      }
    },
  };
};
