import type { BlockRange } from "#shared/protocol/phases.js";
import { type ChainRecord, encodeRecord, type NetworkRecord, shortHash } from "#shared/protocol/records.js";
import type { Participant } from "../participant.js";

type Unnamed<R> = R extends unknown ? Omit<R, "network"> : never;

/** A record of a cycle, but for the network file's hash, which is the participant's. */
type CycleRecord = Unnamed<Exclude<ChainRecord, NetworkRecord>>;

/**
 * Puts a record on chain, the one of its type in its cycle, as `commitOnce` does.
 *
 * @returns the block that included it
 * @throws BlockZeroError WINDOW_MISSED; RECORD_INVALID when a field does not fit its form
 */
export const commitRecord = (
  { commitOnce, networkHash }: Pick<Participant, "commitOnce" | "networkHash">,
  record: CycleRecord,
  window: BlockRange,
): Promise<number> =>
  commitOnce({
    key: `${record.cycle}/${record.type}`,
    record: record.type,
    data: encodeRecord({ ...record, network: shortHash(networkHash) }),
    window,
  });
