/** What a program's log says of cycles that it did not, or not wholly, live through. */
export interface Excuses {
  read(line: string): void;
  /** The first that is said of a cycle; undefined where nothing is. */
  of(cycle: number): string | undefined;
}

/** Of pino's levels. */
const WARN = 40;
/** Said at a lower level: a miner that had no time for a single step. */
const NOTHING = "nothing to submit";

/** Reads a log's lines of JSON: each warning or error that names its cycle. */
export const readExcuses = (): Excuses => {
  const said = new Map<number, string>();
  return {
    read: (line) => {
      const { level, msg, code, cycle, last = cycle } = fieldsOf(line);
      if (typeof level !== "number" || typeof cycle !== "number" || typeof last !== "number") return;
      if (level < WARN && msg !== NOTHING) return;
      for (let one = cycle; one <= last; one++)
        if (!said.has(one)) said.set(one, typeof code === "string" ? `${msg} ${code}` : String(msg));
    },
    of: (cycle) => said.get(cycle),
  };
};

const fieldsOf = (line: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};
