import { openRace, type Race, type RaceOutcome, type RunningRace } from "./race.js";

/** How long races may take. */
export interface RaceTime {
  /** Milliseconds of a clock that does not jump. */
  readonly now: () => number;
  /** Milliseconds until the last measurement must be over; asked before each. */
  readonly left: () => number;
}

/** All the time there is: every race ends by its own rules. */
const ENOUGH: RaceTime = { now: () => 0, left: () => Number.POSITIVE_INFINITY };

/** Batches on which everybody is measured before anybody is measured on more, where time is short. */
const LEAST_BATCHES = 4;
/** Batches of the model itself that say how long one takes. */
const FIRST_BATCHES = 8;
/** Share of the time left that a step is planned to take: others may want the machine too. */
const SHARE = 3 / 4;
/** A step that adds less than this share to what everybody has been measured on changes no verdict. */
const LEAST_STEP = 1 / 8;

export const runRace = async <T>(race: Race<T>, time?: RaceTime): Promise<RaceOutcome<T>> =>
  (await runRaces([race], time))[0]!;

/**
 * Runs the races of several groups side by side, step by step: no group is further than another while that one is not over. With
 * enough time every step is a lap. Where the next laps would not be over in time, by the rate measured so far, a step is what
 * can be, the same number of batches for everybody; the first such step, of few batches, is tried at any rate.
 * A step that not all have taken when the time is up counts for nobody.
 */
export const runRaces = async <T>(
  races: readonly Race<T>[],
  time: RaceTime = ENOUGH,
): Promise<readonly RaceOutcome<T>[]> => {
  const running = races.map(openRace);
  const rate = createRate(time.now);
  for (const race of running) {
    const to = Math.min(race.lapEnd, FIRST_BATCHES);
    if (time.left() > 0) await rate.timed(to, () => race.measureBase(to));
  }
  for (;;) {
    const step = planStep(running, rate.perBatch(), time.left());
    if (step === null || !(await takeStep(step, rate, time))) break;
  }
  return running.map((race) => race.end());
};

/** How far each race goes next; null where none goes on, or none can in the time left. */
type Step<T> = readonly { readonly race: RunningRace<T>; readonly to: number }[];

const planStep = <T>(races: readonly RunningRace<T>[], perBatch: number, left: number): Step<T> | null => {
  const open = races.filter(({ isOver }) => !isOver);
  if (open.length === 0 || left <= 0) return null;
  const batches = (upTo: (race: RunningRace<T>) => number) =>
    open.reduce((sum, race) => sum + (race.racing.length + 1) * (upTo(race) - race.done), 0);
  const room = SHARE * left;
  if (perBatch * batches(({ lapEnd }) => lapEnd) <= room) return open.map((race) => ({ race, to: race.lapEnd }));
  const most = Math.floor(room / (perBatch * batches(({ done }) => done + 1)));
  const step = open.map((race) => {
    const least = race.done === 0 ? LEAST_BATCHES : 0;
    return { race, to: Math.min(race.lapEnd, race.done + Math.max(least, most)) };
  });
  return step.some(({ race, to }) => to - race.done > race.done * LEAST_STEP) ? step : null;
};

/** False where the time was up before all had taken it. */
const takeStep = async <T>(step: Step<T>, rate: Rate, time: RaceTime): Promise<boolean> => {
  for (const { race, to } of step) {
    if (time.left() <= 0) return false;
    await rate.timed(to - race.done, () => race.measureBase(to));
  }
  const turns = Math.max(0, ...step.map(({ race }) => race.racing.length));
  for (let turn = 0; turn < turns; turn++)
    for (const { race, to } of step) {
      const runner = race.racing[turn];
      if (!runner) continue;
      if (time.left() <= 0) return false;
      await rate.timed(to - race.done, () => race.measure(runner, to));
    }
  for (const { race, to } of step) race.settle(to);
  return true;
};

/** Milliseconds that a batch takes, over all that was measured. */
interface Rate {
  perBatch(): number;
  timed(batches: number, measure: () => Promise<void>): Promise<void>;
}

const createRate = (now: () => number): Rate => {
  let milliseconds = 0;
  let measured = 0;
  return {
    perBatch: () => (measured === 0 ? 0 : milliseconds / measured),
    async timed(batches, measure) {
      const begun = now();
      await measure();
      milliseconds += now() - begun;
      measured += batches;
    },
  };
};
