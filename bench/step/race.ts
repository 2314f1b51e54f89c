import { availableParallelism } from "node:os";
import { busySeconds } from "../machine.js";
import { median } from "../median.js";
import type { Contestant, Steps } from "./contestant.js";
import { type Dropped, isDropped, orDropped } from "./dropped.js";

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

export interface Race {
  /** In the contestants' order. */
  readonly results: readonly (Result | Dropped)[];
  /** Share of the processor that went to other programs meanwhile. */
  readonly otherWork: number;
}

/** Steps a contestant takes before the next one does, and steps that are not timed. */
const TURN = 5;
export const WARM_UP = 5;

/**
 * Lets all take the same steps in turns, so that what else the machine does falls on every one alike. A peer that fails is left out
 * from then on, and so is one that was left out before.
 * @param steps timed ones of each
 */
export const race = async (contestants: readonly (Contestant | Dropped)[], steps: number): Promise<Race> => {
  const field: (Entrant | Dropped)[] = contestants.map((contestant) =>
    isDropped(contestant) ? contestant : { contestant, turns: [], used: 0 },
  );
  /** Everybody who is still there, one after the other. @param first whose turn it is to begin */
  const everybody = async (act: (entrant: Entrant) => Promise<Entrant>, first = 0) => {
    const present = [...field.entries()].flatMap(([place, one]) => (isDropped(one) ? [] : [{ place, entrant: one }]));
    for (const i of present.keys()) {
      const { place, entrant } = present[(i + first) % present.length]!;
      field[place] = await orDropped(entrant.contestant.name, () => act(entrant));
    }
  };

  await everybody(async (entrant) => ({ ...entrant, turns: [await entrant.contestant.run(WARM_UP)] }));
  await everybody(async (entrant) => ({ ...entrant, used: await entrant.contestant.processorSeconds() }));
  const before = { busy: busySeconds(), wall: performance.now() / 1000 };
  let own = 0;
  for (let taken = 0, round = 0; taken < steps; taken += TURN, round++) {
    await everybody(async ({ contestant, turns, used: usedBefore }) => {
      const turn = await contestant.run(Math.min(TURN, steps - taken));
      const used = await contestant.processorSeconds();
      own += used - usedBefore;
      return { contestant, turns: [...turns, turn], used };
    }, round);
  }
  const wall = performance.now() / 1000 - before.wall;
  const others = busySeconds() - before.busy - own;
  const otherWork = Math.max(0, others / (wall * availableParallelism()));
  return { results: field.map((one) => (isDropped(one) ? one : resultOf(one))), otherWork };
};

interface Entrant {
  readonly contestant: Contestant;
  /** The first is the warm-up. */
  readonly turns: readonly Steps[];
  /** Processor seconds of its process when its turn was over. */
  readonly used: number;
}

const resultOf = ({ contestant, turns }: Entrant): Result => {
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
