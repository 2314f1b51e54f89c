import type { Log } from "#shared/telemetry/log.js";

/** What a program says for people, in the log, with a bound. */
export interface ProgramLog {
  say(line: string): void;
  /** The last lines, also those beyond the bound. */
  readonly tail: readonly string[];
}

/** Lines that are logged; one more says that the rest is not. */
const MAX_LINES = 200;
const TAIL_LINES = 12;
const MAX_CHARACTERS = 400;

/** @param name what the lines are logged as */
export const programLog = (log: Log, name: string): ProgramLog => {
  const tail: string[] = [];
  let lines = 0;
  return {
    tail,
    say(line) {
      const text = line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line;
      tail.push(text);
      if (tail.length > TAIL_LINES) tail.shift();
      lines++;
      if (lines <= MAX_LINES) log.info(name, { says: text });
      else if (lines === MAX_LINES + 1) log.warn(`${name}: further lines are not shown`, { shown: MAX_LINES });
    },
  };
};
