import { MAX_FORK } from "#shared/chain/connection/head-stream.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { joinSignals } from "#shared/util/join-signals.js";
import { againAtBlocks } from "../at-every-block.js";
import type { Participant } from "../participant.js";

type Watching = Pick<Participant, "clock" | "models" | "network" | "signal">;

/** What came of work that began with a model: its result, or the model that has taken that one's place. */
export type OnExpectedBase<T> = { readonly result: T } | { readonly replacedBy: string };

/**
 * Does work on the model that a cycle is expected to start from. Whoever named it may take that back until the block that decides, so it is
 * looked at again in that block, and once more where a fork can change nothing any more. Where it is another one then, the work is told to stop.
 *
 * @param expected hash, as `awaitBaseModel` gives it
 * @param work gets a participant whose signal aborts where the model is replaced, and a promise that resolves when the deciding block has
 * been looked at, to wait for before anything is final
 * @throws what the work throws, but for what comes of such a stop
 */
export const onExpectedBase = async <P extends Watching, T>(
  participant: P,
  cycle: number,
  expected: string,
  work: (bounded: P, decided: Promise<void>) => Promise<T>,
): Promise<OnExpectedBase<T>> => {
  const { clock, models, network } = participant;
  const over = new AbortController();
  const { signal } = over;
  const release = joinSignals(over, participant.signal);
  let replacedBy: string | undefined;
  const { end } = phaseWindow(cycle, "commit", network.phases);
  const again = <V>(ask: () => Promise<V>): Promise<V> =>
    againAtBlocks({ clock, signal }, (_, tried) => tried < end, ask);
  /** So many blocks after the one that decides. */
  const look = async (later: number): Promise<void> => {
    await clock.reach((await again(() => models.decidedAt(cycle))) + later, signal);
    const hash = await again(() => models.baseOf(cycle));
    if (hash === expected) return;
    replacedBy = hash;
    over.abort(new Error(`model ${expected} was replaced by ${hash}`));
    signal.throwIfAborted();
  };
  // What a first cycle starts from nobody names any more.
  const isGiven = cycle === network.first_cycle && network.succeeds === undefined;
  const decided = isGiven ? Promise.resolve() : look(0);
  // It rejects where the work is over, too.
  decided.then(() => (isGiven ? undefined : look(MAX_FORK))).catch(() => {});
  try {
    const result = await work({ ...participant, signal }, decided);
    if (replacedBy === undefined) return { result };
  } catch (thrown) {
    participant.signal.throwIfAborted();
    if (replacedBy === undefined) throw thrown;
  } finally {
    release();
    over.abort();
  }
  return { replacedBy };
};
