import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** The place in which a process id is unique: one boot of one machine, within one namespace of process ids. */
export interface ProcessPlace {
  readonly host: string;
  /** The kernel's id of this boot. Null if the system does not give it. */
  readonly boot: string | null;
  /** Each container has its own. Null if the system does not give it. */
  readonly pidNamespace: string | null;
}

/** The place of this process. */
export const processPlace = (): ProcessPlace => ({
  host: hostname(),
  boot: orNull(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
  pidNamespace: orNull(() => readlinkSync("/proc/self/ns/pid")),
});

/** Whether a process id of one place can be checked in the other. */
export const isSamePlace = (a: ProcessPlace, b: ProcessPlace): boolean =>
  a.host === b.host && a.boot === b.boot && a.pidNamespace === b.pidNamespace;

const orNull = (read: () => string): string | null => {
  try {
    return read();
  } catch {
    return null;
  }
};
