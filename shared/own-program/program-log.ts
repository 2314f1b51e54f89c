import type { Log } from "#shared/telemetry/log.js";

/** What a program says for people, in the log, with a bound. */
export interface ProgramLog {
  say(line: string): void;
  /** The last lines, also those beyond the bound. */
  readonly tail: readonly string[];
}

const TAIL_LINES = 12;
const MAX_CHARACTERS = 400;

/** @param maxLines lines that are logged; one more says that the rest is not */
export const programLog = (log: Log, name: string, maxLines = 200): ProgramLog => {
  const tail: string[] = [];
  let lines = 0;
  return {
    tail,
    say(line) {
      const text = line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line;
      tail.push(text);
      if (tail.length > TAIL_LINES) tail.shift();
      lines++;
      if (lines <= maxLines) log.info(name, { says: text });
      else if (lines === maxLines + 1) log.warn(`${name}: further lines are not shown`, { shown: maxLines });
    },
  };
};
