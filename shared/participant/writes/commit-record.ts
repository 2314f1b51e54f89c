import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import { type ChainRecord, encodeRecord, type NetworkRecord, shortHash } from "#shared/protocol/records.js";
import { isOfValidator } from "#shared/protocol/voting/voting-stake.js";
import { lastingAfter } from "../deciding-block.js";
import type { Participant } from "../participant.js";
import { throughFaults } from "../through-faults.js";

type Unnamed<R> = R extends unknown ? Omit<R, "network"> : never;

/** A record of a cycle, but for the network file's hash, which is the participant's. */
type CycleRecord = Unnamed<Exclude<ChainRecord, NetworkRecord>>;

type Committing = Pick<Participant, "clock" | "commitOnce" | "log" | "models" | "network" | "networkHash" | "signal">;

/**
 * Puts a record on chain, the one of its type in its cycle, as `commitOnce` does. In the first cycle under a file that succeeds another, one that
 * validators write waits until the former file has decided on its last model.
 *
 * @returns the block that included it
 * @throws BlockZeroError WINDOW_MISSED; RECORD_INVALID when a field does not fit its form; what fetching the former file throws
 */
export const commitRecord = async (
  participant: Committing,
  record: CycleRecord,
  window: BlockRange,
): Promise<number> => {
  const named = { ...record, network: shortHash(participant.networkHash) };
  const data = encodeRecord(named);
  return participant.commitOnce({
    key: `${record.cycle}/${record.type}`,
    record: record.type,
    data,
    window: isOfValidator(named) ? await afterFormersModel(participant, record, window) : window,
  });
};

/**
 * The blocks of a window in which a validator's record takes no other's place that still counts: the chain keeps one record a hotkey, and the one
 * that names its model under the former file is read in the state of the block that decides which model the new file's first cycle starts from
 * (`decidedAt`). A window that begins right after that block, as the beacon's does with an equal distribute phase, begins up to two blocks later as
 * well.
 *
 * @throws BlockZeroError WINDOW_MISSED where none is left; what fetching the former file throws
 */
export const afterFormersModel = async (
  participant: Omit<Committing, "commitOnce" | "networkHash">,
  { cycle, type }: Pick<CycleRecord, "cycle" | "type">,
  window: BlockRange,
): Promise<BlockRange> => {
  const { models, network } = participant;
  if (network.succeeds === undefined || cycle !== network.first_cycle) return window;
  const limit = { name: "when the former network file decides on its last model", deadline: window.end };
  const decided = await throughFaults(participant, limit, () => models.decidedAt(cycle), isFetchFault);
  if (decided + 1 < window.end) return lastingAfter(window, decided);
  throw new BlockZeroError(
    "WINDOW_MISSED",
    `${cycle}/${type} is left out: before block ${window.end} it would take the place of what names the former network file's last model, which block ${decided} decides`,
    "nothing to do: it is so in the first cycle under the new file alone, whose distribute phase is shorter than the former's",
  );
};
