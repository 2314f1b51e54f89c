import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readExcuses } from "./excuses.js";
import { memoryFile, REQUEST, type SoakedMemory } from "./inside-files.js";
import { MACHINE_PACE, pace } from "./pace.js";

const MIB = 2 ** 20;

/** A process of the soak, and where what it leaves is. */
export interface Soaked {
  readonly name: string;
  readonly pid: () => number;
  readonly home: string | null;
  readonly log: string | null;
  /** Its `/metrics`. */
  readonly metrics: string | null;
}

/** Measures of one process in one cycle. Figures that could not be had are left out. */
export interface Sample {
  readonly process: string;
  readonly cycle: number;
  readonly pid: number;
  readonly values: Readonly<Record<string, number>>;
}

/** How long processes get to answer: one that is stopped does not. */
const ANSWER_MS = 6_000;
const POLL_MS = 50;
const FETCH_MS = 6_000;

/** Duties by name: seconds that all took, and how many there were, since the program started. */
type Duties = Readonly<Record<string, { readonly seconds: number; readonly count: number }>>;

/** Samples all processes once. Files that grow are read from where they ended the last time. */
export interface Sampler {
  sample(cycle: number): Promise<readonly Sample[]>;
  /** Reads what the logs say since the last sample. */
  readLogs(): void;
  /** What a process's log says of a cycle that it missed, or a part of it. */
  excuseOf(process: string, cycle: number): string | undefined;
  /** Messages of all logs and how often each was, most frequent first. */
  messages(): readonly (readonly [message: string, count: number])[];
  /** Lines of all logs that speak of a leak of Node's, such as of listeners. */
  readonly warnings: readonly string[];
}

export const createSampler = (processes: readonly Soaked[], folder: string): Sampler => {
  let request = 0;
  let lastAt = performance.now();
  const counts = new Map<string, number>();
  const warnings: string[] = [];
  const logs = new Map(processes.map(({ name, log }) => [name, log === null ? null : tailLines(log)]));
  const before = new Map<string, { readonly pid: number; readonly duties: Duties }>();
  const excuses = new Map(processes.map(({ name }) => [name, readExcuses()]));

  const linesOf = (name: string): readonly string[] => {
    const lines = logs.get(name)?.() ?? [];
    for (const line of lines) {
      count(line);
      excuses.get(name)?.read(line);
    }
    return lines;
  };

  const count = (line: string): void => {
    if (/MaxListenersExceeded|possible .*memory leak/i.test(line)) warnings.push(line.slice(0, 300));
    const message = messageOf(line);
    if (message !== null) counts.set(message, (counts.get(message) ?? 0) + 1);
  };

  const memories = async (): Promise<ReadonlyMap<string, SoakedMemory>> => {
    request += 1;
    writeFileSync(join(folder, REQUEST), String(request));
    const found = new Map<string, SoakedMemory>();
    const until = performance.now() + ANSWER_MS;
    while (found.size < processes.length && performance.now() < until) {
      await delay(POLL_MS);
      for (const { name } of processes) {
        const answer = lastAnswer(memoryFile(folder, name));
        if (answer?.request === request) found.set(name, answer);
      }
    }
    return found;
  };

  const sampleOne = async (
    { name, pid: pidOf, home, metrics }: Soaked,
    cycle: number,
    memory: SoakedMemory | undefined,
    minutes: number,
  ): Promise<Sample> => {
    const pid = memory?.pid ?? pidOf();
    const values: Record<string, number> = {};
    if (memory) {
      const { rss, heap, code, external } = memory;
      Object.assign(values, { rss, heap, code, external });
    }
    const handles = handlesOf(pid);
    if (handles !== null) values.handles = handles;
    if (home !== null) {
      const { records, rest } = sizesOf(home);
      values.disk = rest / MIB;
      values.records = records / MIB;
    }
    const lines = linesOf(name);
    if (logs.get(name)) values.lines = lines.length / minutes;
    const duties = metrics === null ? null : await dutiesAt(metrics);
    const known = before.get(name);
    if (duties !== null) {
      if (known?.pid === pid)
        for (const [duty, { seconds, count: done }] of Object.entries(duties)) {
          const more = done - (known.duties[duty]?.count ?? 0);
          if (more > 0) values[`duty ${duty}`] = (1000 * (seconds - (known.duties[duty]?.seconds ?? 0))) / more;
        }
      before.set(name, { pid, duties });
    }
    return { process: name, cycle, pid, values };
  };

  return {
    warnings,
    readLogs: () => {
      for (const { name } of processes) linesOf(name);
    },
    excuseOf: (process, cycle) => excuses.get(process)?.of(cycle),
    messages: () => [...counts].sort(([, a], [, b]) => b - a),
    async sample(cycle) {
      const found = await memories();
      const minutes = (performance.now() - lastAt) / 60_000;
      lastAt = performance.now();
      const machine = { process: "machine", cycle, pid: 0, values: { [MACHINE_PACE]: await pace() } };
      const ofProcesses = processes.map((one) => sampleOne(one, cycle, found.get(one.name), minutes));
      return [machine, ...(await Promise.all(ofProcesses))];
    },
  };
};

const lastAnswer = (file: string): (SoakedMemory & { readonly request: number }) | null => {
  const line = textOf(file).trimEnd().split("\n").at(-1);
  try {
    return line ? JSON.parse(line) : null;
  } catch {
    return null;
  }
};

const textOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};

/** Null where there is no /proc, or no such process any more. */
const handlesOf = (pid: number): number | null => {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
};

/** What grows with the cycles by design: a line of metrics, and a receipt, of each. */
const isRecord = (path: string): boolean => path.endsWith("metrics.jsonl") || /(^|\/)receipts\//.test(path);

/** Bytes of a home's files. A file that goes while they are counted is not counted. */
export const sizesOf = (home: string): { readonly records: number; readonly rest: number } => {
  let records = 0;
  let rest = 0;
  for (const path of pathsIn(home)) {
    const found = statSync(join(home, path), { throwIfNoEntry: false });
    if (!found?.isFile() || path === "ballast") continue;
    if (isRecord(path)) records += found.size;
    else rest += found.size;
  }
  return { records, rest };
};

const pathsIn = (home: string): readonly string[] => {
  try {
    return readdirSync(home, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
};

/** A log line's message: of JSON, or of a line for a person without its time and its fields. */
const messageOf = (line: string): string | null => {
  if (line === "") return null;
  try {
    const { level, msg, code }: { level?: unknown; msg?: unknown; code?: unknown } = JSON.parse(line);
    return `${level} ${msg}${typeof code === "string" ? ` ${code}` : ""}`;
  } catch {
    return line.slice(0, 80);
  }
};

/** Whole lines appended since the last call. */
const tailLines = (file: string): (() => readonly string[]) => {
  let offset = 0;
  return () => {
    let descriptor: number;
    try {
      descriptor = openSync(file, "r");
    } catch {
      return [];
    }
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - offset));
      const text = bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, offset));
      const end = text.lastIndexOf(10) + 1;
      offset += end;
      return end === 0 ? [] : text.toString("utf8", 0, end - 1).split("\n");
    } finally {
      closeSync(descriptor);
    }
  };
};

const DUTY = /^blockzero_duty_duration_seconds_(sum|count)\{duty="(\w+)"\} (\S+)$/gm;

/** Null where the program does not answer. */
const dutiesAt = async (url: string): Promise<Duties | null> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS) });
    const found: Record<string, { seconds: number; count: number }> = {};
    for (const [, kind, duty, value] of (await response.text()).matchAll(DUTY)) {
      found[duty!] ??= { seconds: 0, count: 0 };
      const entry = found[duty!]!;
      if (kind === "sum") entry.seconds = Number(value);
      else entry.count = Number(value);
    }
    return found;
  } catch {
    return null;
  }
};
