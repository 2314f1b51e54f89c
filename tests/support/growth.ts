import { withinTime } from "#shared/util/within-time.js";

/** UTF-16 units of texts, each sixteen times as long as the one before. */
const LENGTHS = [1 << 16, 1 << 20];
const STEP = 16;

/** How often the work may be that of the same text in sixteen pieces. The square of the length makes it sixteen times. */
const MOST = 8;

/** Milliseconds of a processor that are not told from none: a collection of garbage takes some. */
const SLACK = 5;

/** What is beyond takes longer than any measurement: it is ended then. */
const HOPELESS = 120_000;

/** Measurements of which the least counts. */
const TRIES = 3;

/** Milliseconds of this process's processors: what else the machine does is not among them. */
const processorTime = (times: number, work: () => void): number => {
  const before = process.cpuUsage();
  const done = withinTime(HOPELESS, () => {
    for (let i = 0; i < times; i++) work();
    return {};
  });
  const { user, system } = process.cpuUsage(before);
  return done === undefined ? Number.POSITIVE_INFINITY : (user + system) / 1000;
};

const least = (times: number, work: () => void, isEnough: (milliseconds: number) => boolean): number => {
  let found = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES; i++) {
    found = Math.min(found, processorTime(times, work));
    if (isEnough(found)) break;
  }
  return found;
};

/**
 * Whether work on a text takes time in proportion to the text's length: the work on a text beside that on as many characters in pieces. Measured in
 * time of the processor, within a factor that no noise makes and every square does.
 *
 * @param lengths of texts, in UTF-16 units, in ascending order. Default: 64 Ki and a Mi
 */
export const isLinear = (
  work: (text: string) => unknown,
  textOf: (length: number) => string,
  lengths: readonly number[] = LENGTHS,
): boolean =>
  lengths.every((length) => {
    const [whole, piece] = [textOf(length), textOf(length / STEP)];
    const inPieces = least(
      STEP,
      () => void work(piece),
      () => true,
    );
    const most = MOST * (inPieces + SLACK);
    return (
      least(
        1,
        () => void work(whole),
        (milliseconds) => milliseconds <= most,
      ) <= most
    );
  });
