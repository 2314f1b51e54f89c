import { createRate, ENOUGH_TIME, type MeasuringTime, type Rate } from "../measuring-time.js";
import { openRace, type Race, type RaceOutcome, type RunningRace } from "./race.js";

/** If time is short, all contenders are measured on this many batches before any is measured on more. */
export const LEAST_BATCHES = 4;
/** Batches of the model itself that show how long one takes. */
const FIRST_BATCHES = 8;
/** Share of the remaining time that a step is planned to take: other programs may need the machine too. */
const SHARE = 3 / 4;
/** A step that adds less than this share to the batches that all have been measured on changes no verdict. */
const LEAST_STEP = 1 / 8;

export const runRace = async <T>(race: Race<T>, time?: MeasuringTime): Promise<RaceOutcome<T>> =>
  (await runRaces([race], time))[0]!;

/**
 * Runs the races of several groups in parallel, step by step: no group gets ahead of another one that is not over. With enough time every
 * step is a lap. If the next laps would not be over in time, by the rate measured so far, a step has as many batches as fit, the same
 * number for all contenders. The first such step, of few batches, is tried in any case. If the time is up before all contenders have taken
 * a step, that step counts for none of them. Losses that are known from before take no time, and show no rate.
 */
export const runRaces = async <T>(
  races: readonly Race<T>[],
  time: MeasuringTime = ENOUGH_TIME,
): Promise<readonly RaceOutcome<T>[]> => {
  const running = races.map(openRace);
  const rate = createRate(time.now);
  for (const [i, race] of running.entries()) {
    // One pass that measures all at once reads the whole model. One group's shows how long it takes, unless it was known from before.
    if (race.isTogether && i > 0 && isKnown(rate.perBatch(), time.left())) continue;
    const to = Math.min(race.lapEnd, FIRST_BATCHES);
    if (time.left() > 0) await rate.timed(race.cost(null, to), () => race.measureBase(to));
  }
  for (;;) {
    const step = planStep(running, rate.perBatch(), time.left());
    if (step === null || !(await takeStep(step, rate, time))) break;
  }
  return running.map((race) => race.end());
};

/** How far each race goes next. Null if no race goes on, or none can in the remaining time. */
type Step<T> = readonly { readonly race: RunningRace<T>; readonly to: number }[];

/** Whether it is known how long a batch takes, or does not matter. While all losses were known from before, only what takes no time is in time. */
const isKnown = (perBatch: number, left: number): boolean => perBatch > 0 || left === Number.POSITIVE_INFINITY;

const planStep = <T>(races: readonly RunningRace<T>[], perBatch: number, left: number): Step<T> | null => {
  const open = races.filter(({ isOver }) => !isOver);
  if (open.length === 0 || left <= 0) return null;
  const batches = (upTo: (race: RunningRace<T>) => number) =>
    open.reduce((sum, race) => sum + race.costOfAll(upTo(race)), 0);
  const room = SHARE * left;
  const isRateKnown = isKnown(perBatch, left);
  const isInTime = (count: number) => (isRateKnown ? perBatch * count <= room : count === 0);
  if (isInTime(batches(({ lapEnd }) => lapEnd))) return open.map((race) => ({ race, to: race.lapEnd }));
  let most = 0;
  while (isInTime(batches(({ done }) => done + most + 1))) most++;
  const step = open.map((race) => {
    const least = race.done === 0 || !isRateKnown ? LEAST_BATCHES : 0;
    return { race, to: Math.min(race.lapEnd, race.done + Math.max(least, most)) };
  });
  return !isRateKnown || step.some(({ race, to }) => to - race.done > race.done * LEAST_STEP) ? step : null;
};

/** False if the time was up before all had taken it. */
const takeStep = async <T>(step: Step<T>, rate: Rate, time: MeasuringTime): Promise<boolean> => {
  const single: Step<T>[number][] = [];
  for (const each of step) {
    const { race, to } = each;
    if (time.left() <= 0) return false;
    if (!race.isTogether) {
      single.push(each);
      await rate.timed(race.cost(null, to), () => race.measureBase(to));
      continue;
    }
    await rate.timed(race.costOfAll(to), () => race.measureAhead(to));
    await race.measureBase(to);
    for (const runner of race.racing) await race.measure(runner, to);
  }
  const turns = Math.max(0, ...single.map(({ race }) => race.racing.length));
  for (let turn = 0; turn < turns; turn++)
    for (const { race, to } of single) {
      const runner = race.racing[turn];
      if (!runner) continue;
      if (time.left() <= 0) return false;
      await rate.timed(race.cost(runner, to), () => race.measure(runner, to));
    }
  for (const { race, to } of step) race.settle(to);
  return true;
};
