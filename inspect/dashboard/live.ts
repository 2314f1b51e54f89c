import type { Commitment, Head, Neuron } from "#shared/chain/chain.js";
import { cycleLength, PHASES, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { modelRecords } from "#shared/replay/agreed-outcome.js";
import { phaseRecords } from "#shared/replay/phase-records.js";
import type { CycleContext } from "#shared/replay/source.js";
import type { Clock, RecordKind } from "./snapshot.js";

type Writers = Readonly<Record<RecordKind, ReadonlySet<string>>>;

/** What one block says of the running cycle. */
export interface LiveBlock {
  readonly clock: Clock;
  /** Hotkeys that wrote a record of the running cycle, by kind. */
  readonly writers: Writers;
}

export interface LiveInputs {
  readonly context: Pick<CycleContext, "network" | "networkHash">;
  readonly head: Head;
  readonly commitments: readonly Commitment[];
  readonly blockTime: number | null;
}

/** A hotkey has one record, its newest: `writers` are joined with those of the blocks before by `withEarlier`. */
export const liveBlock = ({ context, head, commitments, blockTime }: LiveInputs): LiveBlock => {
  const { phases } = context.network;
  const { cycle, phase, blocksLeft } = phaseAt(head.number, phases);
  const { start: mergeStart } = phaseWindow(cycle, "merge", phases);
  const models = modelRecords(commitments, context.networkHash).filter(
    ({ record, block }) => record.cycle === cycle && block >= mergeStart,
  );
  const writers = ofEachKind(
    (kind): ReadonlySet<string> =>
      kind === "model"
        ? new Set(models.map(({ hotkey }) => hotkey))
        : new Set(phaseRecords(kind, kind === "checks" ? cycle - 1 : cycle, commitments, context).keys()),
  );
  return {
    writers,
    clock: {
      block: head.number,
      time: head.timestamp,
      blockTime,
      cycle,
      phase,
      blocksLeft,
      phases: PHASES.map((name) => ({ phase: name, ...phaseWindow(cycle, name, phases) })),
      records: countsOf(writers),
    },
  };
};

/** A commit's record is overwritten by the reveal's: what was seen before in the same cycle still counts. */
export const withEarlier = (now: LiveBlock, before: LiveBlock | null): LiveBlock => {
  if (before === null || before.clock.cycle !== now.clock.cycle) return now;
  const both = (kind: RecordKind) => new Set([...before.writers[kind], ...now.writers[kind]]);
  const writers = ofEachKind(both);
  return { writers, clock: { ...now.clock, records: countsOf(writers) } };
};

const countsOf = (writers: Writers): Clock["records"] => ofEachKind((kind) => writers[kind].size);

const ofEachKind = <T>(of: (kind: RecordKind) => T): Readonly<Record<RecordKind, T>> => ({
  commit: of("commit"),
  reveal: of("reveal"),
  report: of("report"),
  held: of("held"),
  ballot: of("ballot"),
  model: of("model"),
  enter: of("enter"),
  sprint: of("sprint"),
  checks: of("checks"),
});

/** Heads that the pace of blocks is measured over. */
const PACE_HEADS = 32;

/** Milliseconds a block over the last heads, by the chain's clock. */
export const createPace = (): ((head: Head) => number | null) => {
  const heads: Head[] = [];
  return (head) => {
    if (head.number > (heads.at(-1)?.number ?? -1)) heads.push(head);
    if (heads.length > PACE_HEADS) heads.shift();
    const [first, last] = [heads[0]!, heads.at(-1)!];
    return last.number > first.number ? (last.timestamp - first.timestamp) / (last.number - first.number) : null;
  };
};

/** Whether the neurons are read anew: when a phase begins. */
export const beginsPhase = (block: number, last: number | null, { network }: LiveInputs["context"]): boolean => {
  if (last === null || block - last >= cycleLength(network.phases)) return true;
  return phaseAt(block, network.phases).start > last;
};

export type Neurons = readonly Neuron[];
