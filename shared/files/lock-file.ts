import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isSamePlace, type ProcessPlace, processPlace } from "./process-place.js";

/** Who holds a lock. */
export interface LockHolder {
  /** Where the file says so. */
  readonly pid: number | undefined;
  /** Given where the process id says nothing here: another container, machine or boot, or a file that cannot be read. */
  readonly elsewhere?: { readonly host: string | undefined; readonly untouchedMs: number };
}

export type LockAttempt =
  | { readonly isHeld: true; readonly release: () => void }
  | { readonly isHeld: false; readonly holder: LockHolder };

/** What a lock depends on; tests pass their own. */
export interface LockSurroundings {
  readonly place: ProcessPlace;
  /** The time by which the file system of a folder dates its files, milliseconds since the epoch. */
  fileTime(folder: string): number;
  /** Runs every `ms`, and keeps no process alive; call the result to stop. */
  every(ms: number, run: () => void): () => void;
}

/** How often a holder touches its lock. */
export const TOUCH_MS = 5_000;
/** A lock whose holder cannot be judged by its process id is free once it has not been touched for so long. */
export const UNTOUCHED_MS = 60_000;

const heldHere = new Set<string>();

/**
 * Claims a file for this process; its folder is made if absent. The claim of a process that is gone is taken over, also where its process
 * id has been given to another. Where the process id says nothing, the claim is taken over when it has not been touched for a minute.
 */
export const tryLock = (file: string, surroundings: LockSurroundings = systemSurroundings()): LockAttempt => {
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  const { place } = surroundings;
  const claim = JSON.stringify({ pid: process.pid, started: startOf(process.pid), ...place, id: randomUUID() });
  for (;;) {
    try {
      writeFileSync(path, claim, { flag: "wx" });
      heldHere.add(path);
      return { isHeld: true, release: keep(path, claim, surroundings) };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const holder = holderOf(path, path, surroundings);
    if (holder !== undefined) return { isHeld: false, holder };
    dropStale(path, surroundings);
  }
};

/** Touches the lock until it is let go, once only: the file may be another's by then. */
const keep = (path: string, claim: string, { every }: LockSurroundings): (() => void) => {
  const isOurs = (): boolean => readText(path) === claim;
  const stop = every(TOUCH_MS, () => {
    try {
      // Written, not dated: what counts is the file system's own clock.
      if (isOurs()) writeFileSync(path, claim, { flag: "r+" });
    } catch {
      // The next touch may do.
    }
  });
  let isLetGo = false;
  return () => {
    if (isLetGo) return;
    isLetGo = true;
    stop();
    heldHere.delete(path);
    if (isOurs()) rmSync(path, { force: true });
  };
};

interface Owner extends ProcessPlace {
  readonly pid: number;
  readonly started: string | null;
}

const readOwner = (path: string): Owner | undefined => {
  try {
    const claim: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof claim !== "object" || claim === null) return undefined;
    const { pid, started, host, boot, pidNamespace } = claim as Record<string, unknown>;
    if (typeof pid !== "number" || pid <= 0 || typeof host !== "string") return undefined;
    return { pid, started: textOrNull(started), host, boot: textOrNull(boot), pidNamespace: textOrNull(pidNamespace) };
  } catch {
    return undefined;
  }
};

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** Who holds the lock `path` by the claim in `file`; undefined where nobody does any more. */
const holderOf = (file: string, path: string, { place, fileTime }: LockSurroundings): LockHolder | undefined => {
  const owner = readOwner(file);
  if (owner !== undefined && isSamePlace(owner, place)) return isHolding(path, owner) ? { pid: owner.pid } : undefined;
  const touched = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (touched === undefined) return undefined;
  const untouchedMs = Math.max(0, fileTime(dirname(path)) - touched);
  return untouchedMs < UNTOUCHED_MS ? { pid: owner?.pid, elsewhere: { host: owner?.host, untouchedMs } } : undefined;
};

const isHolding = (path: string, { pid, started }: Owner): boolean => {
  if (pid === process.pid) return heldHere.has(path);
  return isAlive(pid) && (started === null || started === startOf(pid));
};

/** Renaming first makes sure that what is removed is what was judged: a claim made in between is put back. */
const dropStale = (path: string, surroundings: LockSurroundings): void => {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
    if (holderOf(aside, path, surroundings) !== undefined) linkSync(aside, path);
  } catch {
    // Another process was quicker; the next round sees what it left.
  } finally {
    rmSync(aside, { force: true });
  }
};

const readText = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

/** When a process started, in the kernel's ticks; null where the system does not say. */
const startOf = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
};

/** A file system dates by its own clock, which on a network disk is the server's. */
const timeOfFolder = (folder: string): number => {
  const probe = join(folder, `.${randomUUID()}.now`);
  try {
    writeFileSync(probe, "");
    return statSync(probe).mtimeMs;
  } finally {
    rmSync(probe, { force: true });
  }
};

const systemSurroundings = (): LockSurroundings => ({
  place: processPlace(),
  fileTime: timeOfFolder,
  every: (ms, run) => {
    const timer = setInterval(run, ms).unref();
    return () => clearInterval(timer);
  },
});
