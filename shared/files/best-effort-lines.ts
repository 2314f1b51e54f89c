import { appendFileSync } from "node:fs";
import { writeFileAtomic } from "./atomic-file.js";

/** A file of lines that spare work, and that nothing depends on: a disk that takes none costs no more than that. */
export interface BestEffortLines {
  /** @param line without its end */
  append(line: string): void;
  /** Puts these in the place of all. */
  replace(lines: readonly string[]): void;
}

/** Opens the file, which need not exist. What was cut short, by a full disk or in an earlier run, is a line of its own: its reader skips it. */
export const bestEffortLines = (path: string): BestEffortLines => {
  /** Whether the file may end within a line: always, where another run has written it. */
  let isTorn = true;
  const attempt = (write: () => void): void => {
    try {
      write();
      isTorn = false;
    } catch {
      isTorn = true;
    }
  };
  return {
    append: (line) => attempt(() => appendFileSync(path, `${isTorn ? "\n" : ""}${line}\n`)),
    replace: (lines) => attempt(() => writeFileAtomic(path, lines.map((line) => `${line}\n`).join(""))),
  };
};
