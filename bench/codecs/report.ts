import { table } from "#shared/cli/table.js";
import { bytes, percent, verdict } from "../format.js";
import type { CodecCase } from "./cases.js";
import type { Outcome } from "./train.js";

/** A run beside the first of its case. */
export interface Comparison {
  readonly name: string;
  readonly loss: number;
  /** Held-out loss over that of the case's first run, less 1. */
  readonly gap: number;
  readonly target: number | null;
  readonly met: boolean | null;
  readonly bytesPerCycle: number;
  readonly bytes: number;
  /** Times less than data-parallel training over as many workers sends. */
  readonly lessThanDataParallel: number;
  readonly seconds: number;
}

export interface CaseFigures {
  readonly name: string;
  readonly startLoss: number;
  readonly runs: readonly Comparison[];
}

export const compare = (
  { name, targets }: CodecCase,
  { startLoss, dataParallelBytes }: { startLoss: number; dataParallelBytes: (workers: number) => number },
  outcomes: readonly Outcome[],
): CaseFigures => ({
  name,
  startLoss,
  runs: outcomes.map(({ run, loss, bytesPerCycle, bytes: sent, seconds }) => {
    const gap = loss / outcomes[0]!.loss - 1;
    const target = targets[run.name] ?? null;
    return {
      name: run.name,
      loss,
      gap,
      target,
      met: target === null ? null : gap <= target,
      bytesPerCycle,
      bytes: sent,
      lessThanDataParallel: dataParallelBytes(run.workers) / sent,
      seconds,
    };
  }),
});

/** Whether a run of any case is further from its first than it may be. */
export const isMissed = (cases: readonly CaseFigures[]): boolean =>
  cases.some(({ runs }) => runs.some(({ met }) => met === false));

const HEADINGS = ["", "held-out loss", "gap", "target", "a worker's cycle", "all sent", "less than data-parallel"];

export const describeCase = ({ what, scale }: CodecCase, { startLoss, runs }: CaseFigures): string => {
  const { innerSteps, cycles, batchSize, sequenceLength, outer } = scale;
  const lines = runs.map(({ name, loss, gap, target, met, lessThanDataParallel, ...run }) => [
    name,
    loss.toFixed(4),
    signed(gap),
    target === null ? "" : `≤ ${percent(target)} ${verdict(met === true)}`,
    kilobytes(run.bytesPerCycle),
    bytes(run.bytes),
    `${lessThanDataParallel.toFixed(0)} ×`,
  ]);
  return [
    what,
    `${cycles} cycles of ${innerSteps} steps of ${batchSize} × ${sequenceLength} tokens in all, outer rate ${outer.lr}, momentum ${outer.momentum}; all begin at loss ${startLoss.toFixed(4)}`,
    table([HEADINGS, ...lines]),
  ].join("\n");
};

const signed = (gap: number): string => `${gap >= 0 ? "+" : "−"}${(100 * Math.abs(gap)).toFixed(2)} %`;

const kilobytes = (count: number): string => `${(count / 1e3).toFixed(1)} kB`;
