import { z } from "zod";
import { reasonOf } from "#shared/errors/error.js";
import type { ReplicaStep } from "#shared/shard-training/trainer.js";
import type { Log } from "#shared/telemetry/log.js";
import { mean } from "#shared/util/mean.js";

/** A line of the program's standard output. */
const progressSchema = z.object({
  /** Optimiser steps that are done. */
  step: z.int().min(1).max(1e9),
  /** Mean loss of the step's tokens, nats. */
  loss: z.number(),
  /** Tokens that all steps so far trained on. */
  tokens: z.int().min(0),
  learning_rate: z.number().optional(),
  grad_norm: z.number().optional(),
});

export type ProgressLine = z.infer<typeof progressSchema>;

/** What a program told of its training. */
export interface Progress {
  readonly lines: number;
  /** Lines that begin with `{` and are no progress, and lines that came faster than they are read. */
  readonly invalid: number;
  readonly dropped: number;
  readonly last: ProgressLine | undefined;
  /** Mean loss over the first and the last tenth of the lines; NaN without any. */
  readonly firstLoss: number;
  readonly lastLoss: number;
  /** Tokens of the newest line up to a step; 0 where none is known. */
  tokensAt(step: number): number;
}

export interface ProgressReader {
  /** A line of standard output. Says whether it was meant as progress: what does not begin with `{` is not. */
  read(line: string, isCut: boolean): boolean;
  readonly progress: Progress;
}

/** Lines that are read in a second. */
const LINES_PER_SECOND = 50;

/** Lines that are remembered; beyond it every other one is forgotten. */
const MOST_REMEMBERED = 8192;

/** Reads the lines of a program, with bounds on how many are taken up and remembered. */
export const progressReader = (
  log: Log,
  onStep: (step: ReplicaStep) => void,
  now: () => number = Date.now,
): ProgressReader => {
  let remembered: ProgressLine[] = [];
  let every = 1;
  let lines = 0;
  let invalid = 0;
  let dropped = 0;
  let last: ProgressLine | undefined;
  let second = 0;
  let inSecond = 0;

  const isTooFast = (): boolean => {
    const current = Math.floor(now() / 1000);
    if (current !== second) inSecond = 0;
    second = current;
    return ++inSecond > LINES_PER_SECOND;
  };

  const refuse = (why: string): void => {
    if (invalid++ === 0) log.warn("a progress line of the trainer cannot be read", { reason: why });
  };

  const take = (line: ProgressLine): void => {
    last = line;
    if (lines++ % every === 0) remembered.push(line);
    if (remembered.length > MOST_REMEMBERED) {
      remembered = remembered.filter((_, i) => i % 2 === 0);
      every *= 2;
    }
    const { step, loss, learning_rate: learningRate = Number.NaN, grad_norm: gradNorm = Number.NaN } = line;
    onStep({ step: step - 1, loss, learningRate, gradNorm, skipped: false, spike: false, replica: 0 });
  };

  const losses = (pick: (tenth: number) => readonly ProgressLine[]): number =>
    mean(pick(Math.max(1, Math.floor(remembered.length / 10))).map(({ loss }) => loss));

  return {
    read(line, isCut) {
      if (!line.startsWith("{")) return false;
      if (isTooFast()) dropped++;
      else if (isCut) refuse("it is too long");
      else {
        const parsed = parse(line);
        if (typeof parsed === "string") refuse(parsed);
        else take(parsed);
      }
      return true;
    },
    get progress() {
      return {
        lines,
        invalid,
        dropped,
        last,
        firstLoss: losses((tenth) => remembered.slice(0, tenth)),
        lastLoss: losses((tenth) => remembered.slice(-tenth)),
        tokensAt: (step: number) =>
          Math.max(
            0,
            ...[...remembered, ...(last ? [last] : [])].filter((line) => line.step <= step).map((line) => line.tokens),
          ),
      };
    },
  };
};

const parse = (line: string): ProgressLine | string => {
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch (thrown) {
    return reasonOf(thrown);
  }
  const read = progressSchema.safeParse(document);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  return `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unreadable"}`;
};
