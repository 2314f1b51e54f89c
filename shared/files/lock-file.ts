import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

export type LockAttempt =
  | { readonly isHeld: true; readonly release: () => void }
  /** Who holds it, where the file says so. */
  | { readonly isHeld: false; readonly pid: number | undefined };

const heldHere = new Set<string>();

/**
 * Claims a file for this process; its folder is made if absent. The claim of a process that is gone is taken over, also where its process
 * id has been given to another.
 */
export const tryLock = (file: string): LockAttempt => {
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    try {
      writeFileSync(path, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }), { flag: "wx" });
      heldHere.add(path);
      return { isHeld: true, release: () => release(path) };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const owner = readOwner(path);
    if (isHolding(path, owner)) return { isHeld: false, pid: owner?.pid };
    dropStale(path);
  }
};

/** Once only: the file may be another's by then. */
const release = (path: string): void => {
  if (heldHere.delete(path)) rmSync(path, { force: true });
};

interface Owner {
  readonly pid: number;
  readonly started: string | null;
}

const readOwner = (path: string): Owner | undefined => {
  try {
    const claim: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof claim !== "object" || claim === null || !("pid" in claim) || typeof claim.pid !== "number")
      return undefined;
    return { pid: claim.pid, started: "started" in claim && typeof claim.started === "string" ? claim.started : null };
  } catch {
    return undefined;
  }
};

const isHolding = (path: string, owner: Owner | undefined): boolean => {
  if (!owner || owner.pid <= 0) return false;
  if (owner.pid === process.pid) return heldHere.has(path);
  return isAlive(owner.pid) && (owner.started === null || owner.started === startOf(owner.pid));
};

/** Renaming first makes sure that what is removed is what was judged: a claim made in between is put back. */
const dropStale = (path: string): void => {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (isHolding(path, readOwner(aside))) linkSync(aside, path);
  } catch {
    // Another process was quicker; the next round sees what it left.
  } finally {
    rmSync(aside, { force: true });
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
