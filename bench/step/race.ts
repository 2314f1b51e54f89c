import { availableParallelism } from "node:os";
import { BlockZeroError } from "#shared/errors.js";
import { busySeconds } from "../machine.js";
import { median } from "../median.js";
import type { Contestant, Steps } from "./contestant.js";

export interface Result {
  readonly name: string;
  /** Milliseconds a step, the warm-up left out. */
  readonly median: number;
  readonly fastest: number;
  /** Milliseconds of a step outside the runtime's program; undefined for a contestant that does not tell. */
  readonly outside: number | undefined;
  /** Seconds of the first step: with torch.compile, the compilation. */
  readonly first: number;
  /** Of every step, the warm-up's too. */
  readonly losses: readonly number[];
}

/** A contestant that could not take its first steps. */
export interface Dropped {
  readonly name: string;
  readonly reason: string;
}

export interface Race {
  /** In the contestants' order. */
  readonly results: readonly (Result | Dropped)[];
  /** Share of the processor that went to other programs meanwhile. */
  readonly otherWork: number;
}

/** Steps a contestant takes before the next one does, and steps that are not timed. */
const TURN = 5;
export const WARM_UP = 5;

export const isDropped = (result: Result | Dropped): result is Dropped => "reason" in result;

/**
 * Lets all take the same steps in turns, so that what else the machine does falls on every one alike. A contestant that fails with
 * BENCH_PEER in its warm-up is left out.
 * @param steps timed ones of each
 */
export const race = async (contestants: readonly Contestant[], steps: number): Promise<Race> => {
  const warm: (Run | Dropped)[] = [];
  for (const contestant of contestants) warm.push(await warmUp(contestant));
  const runs = warm.filter(isRun);
  const used = async () => {
    let seconds = 0;
    for (const { contestant } of runs) seconds += await contestant.processorSeconds();
    return { busy: busySeconds(), own: seconds, wall: performance.now() / 1000 };
  };

  const before = await used();
  for (let taken = 0, round = 0; taken < steps; taken += TURN, round++) {
    for (const i of runs.keys()) {
      const { contestant, turns } = runs[(i + round) % runs.length]!;
      turns.push(await contestant.run(Math.min(TURN, steps - taken)));
    }
  }
  const after = await used();
  const others = after.busy - before.busy - (after.own - before.own);
  const otherWork = Math.max(0, others / ((after.wall - before.wall) * availableParallelism()));
  return { results: warm.map((run) => (isRun(run) ? resultOf(run) : run)), otherWork };
};

interface Run {
  readonly contestant: Contestant;
  /** The first is the warm-up. */
  readonly turns: Steps[];
}

const isRun = (run: Run | Dropped): run is Run => "contestant" in run;

const warmUp = async (contestant: Contestant): Promise<Run | Dropped> => {
  try {
    return { contestant, turns: [await contestant.run(WARM_UP)] };
  } catch (thrown) {
    if (!(thrown instanceof BlockZeroError) || thrown.code !== "BENCH_PEER") throw thrown;
    return { name: contestant.name, reason: thrown.message };
  }
};

const resultOf = ({ contestant, turns }: Run): Result => {
  const timed = turns.slice(1);
  const times = timed.flatMap(({ seconds }) => seconds.map((second) => 1000 * second));
  const outside = timed.flatMap(({ seconds, inside }) => inside?.map((part, i) => 1000 * (seconds[i]! - part)) ?? []);
  return {
    name: contestant.name,
    median: median(times),
    fastest: Math.min(...times),
    outside: outside.length === 0 ? undefined : median(outside),
    first: turns[0]!.seconds[0]!,
    losses: turns.flatMap(({ losses }) => losses),
  };
};

/** Largest relative difference of two loss curves; NaN where one of them is not finite. */
export const curveDifference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((loss, step) => Math.abs(loss - b[step]!) / Math.abs(b[step]!)));
