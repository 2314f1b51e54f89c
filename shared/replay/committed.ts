import { readVoters } from "#shared/chain/voters.js";
import type { FoundRecord, RecordOf } from "#shared/protocol/records-within.js";
import { lastBlockFor, phaseRecords } from "./phase-records.js";
import type { CycleContext } from "./source.js";

/** A voting validator's record that it committed in time. */
export interface CommittedRecord<T extends "report" | "checks"> extends FoundRecord<RecordOf<T>> {
  readonly uid: number;
  readonly hotkey: string;
}

/**
 * The records of a type by which voting validators committed to documents, in the state after the last block for them; by ascending uid,
 * which numbers the documents.
 *
 * @throws BlockZeroError STATE_DISCARDED
 */
export const committedBy = async <T extends "report" | "checks">(
  context: CycleContext,
  type: T,
  cycle: number,
): Promise<readonly CommittedRecord<T>[]> => {
  const { stakes, metagraph, commitments } = await readVoters(context, cycle, lastBlockFor(type, cycle, context));
  const uids = new Map(metagraph.neurons.map(({ hotkey, uid }) => [hotkey, uid]));
  return [...phaseRecords(type, cycle, commitments, context)]
    .flatMap(([hotkey, found]): CommittedRecord<T>[] => {
      const uid = uids.get(hotkey);
      return uid === undefined || !stakes.has(hotkey) ? [] : [{ uid, hotkey, ...found }];
    })
    .sort((a, b) => a.uid - b.uid);
};
