import { beaconWindows } from "#shared/beacon/windows.js";
import type { Commitment } from "#shared/chain/chain.js";
import type { Network } from "#shared/protocol/network.js";
import { hasCycleValue } from "#shared/protocol/network-file/drand-beacon.js";
import { type BlockRange, type Phase, phaseWindow } from "#shared/protocol/phases.js";
import { type CycleRecordType, type FoundRecord, type RecordOf, recordsOf } from "#shared/protocol/records-within.js";
import type { CycleContext } from "./source.js";

/** The phase of each record type, of the record's cycle or the one after. A record counts only if it was committed in that phase. */
const PHASE_OF = {
  enter: "distribute",
  commit: "commit",
  reveal: "reveal",
  report: "evaluate",
  held: "exchange",
  ballot: "choose",
  sprint: "evaluate",
  checks: "train",
  duty: "train",
  answers: "exchange",
  checksheld: "reveal",
} as const satisfies Partial<Record<CycleRecordType, Phase>>;

export type PhaseRecordType = keyof typeof PHASE_OF;

/** Records that count in a phase of the cycle after theirs. */
const IN_NEXT_CYCLE: ReadonlySet<PhaseRecordType> = new Set(["checks", "checksheld", "duty", "answers"]);

/** Hotkey → its record that was committed in time. The chain keeps one record per key, so there is at most one of a type. */
export type PhaseRecords<T extends PhaseRecordType> = ReadonlyMap<string, FoundRecord<RecordOf<T>>>;

/**
 * The blocks in which a record of a type counts. Where seeds are mixed with a value of the cycle, the train phase's first half belongs to
 * what makes it, and with a group the reveal phase up to the deciding block does: the chain keeps one record a key.
 */
export const recordWindow = (
  type: PhaseRecordType,
  cycle: number,
  { phases, beacon }: Pick<Network, "phases" | "beacon">,
): BlockRange => {
  const of = IN_NEXT_CYCLE.has(type) ? cycle + 1 : cycle;
  const window = phaseWindow(of, PHASE_OF[type], phases);
  if (PHASE_OF[type] === "train" && hasCycleValue(beacon))
    return { ...window, start: beaconWindows(of, phases).sealing.end };
  if (type === "checksheld" && beacon?.group) return { ...window, start: beaconWindows(of, phases).signing.end };
  return window;
};

/** The last block of the phase for records of a type. The state after that block counts. */
export const lastBlockFor = (
  type: PhaseRecordType,
  cycle: number,
  { network }: Pick<CycleContext, "network">,
): number => recordWindow(type, cycle, network).end - 1;

/** Selects from a subnet's commitments the records of one type, of this network and cycle, that were included in their phase. */
export const phaseRecords = <T extends PhaseRecordType>(
  type: T,
  cycle: number,
  commitments: readonly Commitment[],
  { network, networkHash }: Pick<CycleContext, "network" | "networkHash">,
): PhaseRecords<T> => recordsOf(type, cycle, { window: recordWindow(type, cycle, network), networkHash }, commitments);

/**
 * The same, read from the chain in the state after the last block of their phase.
 *
 * @param until an earlier block whose state to read instead
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has that state
 */
export const readPhaseRecords = async <T extends PhaseRecordType>(
  context: Pick<CycleContext, "network" | "networkHash"> & {
    readonly chain: Pick<CycleContext["chain"], "commitments">;
  },
  type: T,
  cycle: number,
  until = Number.POSITIVE_INFINITY,
): Promise<PhaseRecords<T>> => {
  const at = Math.min(until, lastBlockFor(type, cycle, context));
  return phaseRecords(type, cycle, await context.chain.commitments(context.network.netuid, at), context);
};
