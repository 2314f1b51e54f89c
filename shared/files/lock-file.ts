import { randomUUID } from "node:crypto";
import { closeSync, linkSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ensureFolderSync } from "./ensure-folder.js";
import { isSamePlace, type ProcessPlace, processPlace } from "./process-place.js";

/** The holder of a lock. */
export interface LockHolder {
  /** The holder's process id, if the file has it. */
  readonly pid: number | undefined;
  /**
   * Set if the process id cannot be checked here: another container, machine or boot, a user whose processes are hidden, or a file that cannot
   * be read.
   */
  readonly elsewhere?: { readonly host: string | undefined; readonly untouchedMs: number };
}

/** A lock that this process claimed. */
export interface HeldLock {
  readonly isHeld: true;
  /** Whether the claim is still this process's: false once another has taken it over, or the file is gone or cannot be read. */
  readonly isKept: () => boolean;
  readonly release: () => void;
}

export type LockAttempt = HeldLock | { readonly isHeld: false; readonly holder: LockHolder };

/** What a lock depends on. Tests pass their own. */
export interface LockSurroundings {
  readonly place: ProcessPlace;
  /** Writes a claim into a file that was just made. */
  write(file: number, claim: string): void;
  /** The current time of a folder's file system, milliseconds since the epoch. */
  fileTime(folder: string): number;
  /** Runs every `ms`, without keeping the process alive. Call the result to stop. */
  every(ms: number, run: () => void): () => void;
  /** Start time of a process, in the kernel's ticks. Null if the system does not give it. */
  startOf(pid: number): string | null;
}

/** How often a holder touches its lock. */
export const TOUCH_MS = 5_000;
/** If a holder's process id cannot be checked, its lock is free after this time without a touch. */
export const UNTOUCHED_MS = 60_000;

/** The claims of this process, by path. */
const heldHere = new Map<string, string>();

/**
 * Claims a file for this process, and creates its folder if absent. The claim of a process that has ended is taken over, even if its
 * process id now belongs to another process. If the process id cannot be checked, the claim is taken over when it has not been touched for
 * a minute: a holder that stood still for so long (suspended, paused, away from its disk) has lost it.
 *
 * @param onLost called once when this process finds, at a touch, that it has lost the claim. It must end its work: the file is another's.
 */
export const tryLock = (
  file: string,
  onLost: () => void = () => {},
  surroundings: LockSurroundings = systemSurroundings(),
): LockAttempt => {
  const path = resolve(file);
  ensureFolderSync(dirname(path));
  const { place } = surroundings;
  const claim = JSON.stringify({
    pid: process.pid,
    started: surroundings.startOf(process.pid),
    ...place,
    id: randomUUID(),
  });
  for (;;) {
    if (makeClaim(path, claim, surroundings)) {
      heldHere.set(path, claim);
      return keep(path, claim, onLost, surroundings);
    }
    const holder = holderOf(path, path, surroundings);
    if (holder !== undefined) return { isHeld: false, holder };
    dropStale(path, surroundings);
  }
};

/**
 * @returns false if there is a file already
 * @throws what writing throws, such as on a full disk; then no empty claim stays, which would be nobody's
 */
const makeClaim = (path: string, claim: string, { write }: LockSurroundings): boolean => {
  let file: number;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
  try {
    write(file, claim);
    return true;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
};

/** Touches the lock until it is released or lost. It is released only once: later the file may belong to another process. */
const keep = (path: string, claim: string, onLost: () => void, { every }: LockSurroundings): HeldLock => {
  const isKept = (): boolean => readText(path) === claim;
  let isOver = false;
  let wasGone = false;
  const end = (): void => {
    isOver = true;
    stop();
    if (heldHere.get(path) === claim) heldHere.delete(path);
  };
  const stop = every(TOUCH_MS, () => {
    const claimed = claimIn(path);
    // For a moment it is gone while another process looks at it.
    const isLost = claimed === undefined ? wasGone : claimed !== null && claimed !== claim;
    wasGone = claimed === undefined;
    if (claimed === claim) touch(path, claim);
    if (!isLost) return;
    end();
    onLost();
  });
  const release = (): void => {
    if (isOver) return;
    end();
    if (isKept()) rmSync(path, { force: true });
  };
  return { isHeld: true, isKept, release };
};

/** Writes instead of dating, because the file system's own clock counts. */
const touch = (path: string, claim: string): void => {
  try {
    writeFileSync(path, claim, { flag: "r+" });
  } catch {
    // The next touch may succeed.
  }
};

/** The claim in a lock. Undefined if there is no file, null while it cannot be told: it cannot be read, or is just being written. */
const claimIn = (path: string): string | null | undefined => {
  try {
    return readFileSync(path, "utf8") || null;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT" ? undefined : null;
  }
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

/** The holder of the lock `path`, from the claim in `file`. Undefined if nobody holds it any more. */
const holderOf = (file: string, path: string, surroundings: LockSurroundings): LockHolder | undefined => {
  const { place, fileTime } = surroundings;
  const owner = readOwner(file);
  if (owner !== undefined && isSamePlace(owner, place)) {
    const holding = isHolding(path, owner, surroundings);
    if (holding !== null) return holding ? { pid: owner.pid } : undefined;
  }
  const touched = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (touched === undefined) return undefined;
  const untouchedMs = Math.max(0, fileTime(dirname(path)) - touched);
  return untouchedMs < UNTOUCHED_MS ? { pid: owner?.pid, elsewhere: { host: owner?.host, untouchedMs } } : undefined;
};

/** Null if a process has the id and its start is hidden from this user, as by `hidepid` or systemd's `ProtectProc=`: it may be another. */
const isHolding = (path: string, { pid, started }: Owner, { startOf }: LockSurroundings): boolean | null => {
  if (pid === process.pid) return heldHere.has(path);
  if (!isAlive(pid)) return false;
  if (started === null) return true;
  const now = startOf(pid);
  if (now !== null) return now === started;
  return isAlive(pid) ? null : false;
};

/** Renaming first ensures that the removed file is the one that was checked. A claim made in between is put back. */
const dropStale = (path: string, surroundings: LockSurroundings): void => {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
    if (holderOf(aside, path, surroundings) !== undefined) linkSync(aside, path);
  } catch {
    // Another process was faster. The next round sees its file.
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
    return !isZombie(pid);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

/** Whether it has ended, and its parent has not looked yet: it holds nothing any more. */
const isZombie = (pid: number): boolean => statusOf(pid)[0] === "Z";

const startOf = (pid: number): string | null => statusOf(pid)[19] ?? null;

/** The fields of a process's status after its name, as the system shows them: its state first. None where it shows nothing. */
const statusOf = (pid: number): readonly string[] => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
};

/** A file system dates files by its own clock. On a network disk this is the server's clock. */
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
  write: (file, claim) => writeFileSync(file, claim),
  fileTime: timeOfFolder,
  every: (ms, run) => {
    const timer = setInterval(run, ms).unref();
    return () => clearInterval(timer);
  },
  startOf,
});
