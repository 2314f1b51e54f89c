import type { Commitment } from "#shared/chain/chain.js";
import { isInPhase, type Phase, phaseWindow } from "#shared/protocol/phases.js";
import {
  type BallotRecord,
  type ChainRecord,
  type CommitRecord,
  type HeldRecord,
  parseRecord,
  type ReportRecord,
  type RevealRecord,
  shortHash,
} from "#shared/protocol/records.js";
import type { CycleContext } from "./source.js";

/** The phase in which a record of each type is put, and in which alone it counts. */
const PHASE_OF = {
  commit: "commit",
  reveal: "reveal",
  report: "evaluate",
  held: "exchange",
  ballot: "choose",
} as const satisfies Record<PhaseRecordType, Phase>;

interface RecordTypes {
  readonly commit: CommitRecord;
  readonly reveal: RevealRecord;
  readonly report: ReportRecord;
  readonly held: HeldRecord;
  readonly ballot: BallotRecord;
}

export type PhaseRecordType = keyof RecordTypes;

/** A record that was put in time. */
export interface PhaseRecord<T extends PhaseRecordType> {
  readonly record: RecordTypes[T];
  /** The record's text. */
  readonly text: string;
  /** The block that included it. */
  readonly block: number;
}

/** Hotkey → its record. A key has one record on chain, so at most one of a type. */
export type PhaseRecords<T extends PhaseRecordType> = ReadonlyMap<string, PhaseRecord<T>>;

/** The last block of the phase in which records of a type are put: its state is what counts. */
export const lastBlockFor = (
  type: PhaseRecordType,
  cycle: number,
  { network }: Pick<CycleContext, "network">,
): number => phaseWindow(cycle, PHASE_OF[type], network.phases).end - 1;

/** Of a subnet's commitments, the records of one type, of this network and cycle, that a block of their phase included. */
export const phaseRecords = <T extends PhaseRecordType>(
  type: T,
  cycle: number,
  commitments: readonly Commitment[],
  { network, networkHash }: Pick<CycleContext, "network" | "networkHash">,
): PhaseRecords<T> => {
  const found = new Map<string, PhaseRecord<T>>();
  for (const { hotkey, data, block } of commitments) {
    const parsed = parseRecord(data);
    if (!parsed.ok || !isOf(parsed.value, type)) continue;
    const { value: record } = parsed;
    if (record.cycle !== cycle || record.network !== shortHash(networkHash)) continue;
    if (isInPhase(block, cycle, PHASE_OF[type], network.phases)) found.set(hotkey, { record, text: data, block });
  }
  return found;
};

/**
 * The same, read from the chain in the state after the last block of their phase.
 *
 * @param until a block before that as of which to say so
 * @throws BlockZeroError STATE_DISCARDED where the chain no longer has that state
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

const isOf = <T extends PhaseRecordType>(record: ChainRecord, type: T): record is RecordTypes[T] =>
  record.type === type;
