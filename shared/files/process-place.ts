import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Where a process id means something: on one boot of one machine, within one namespace of process ids. */
export interface ProcessPlace {
  readonly host: string;
  /** The kernel's id of this boot; null where the system does not say. */
  readonly boot: string | null;
  /** Of containers each has its own; null where the system does not say. */
  readonly pidNamespace: string | null;
}

/** Where this process runs. */
export const processPlace = (): ProcessPlace => ({
  host: hostname(),
  boot: orNull(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
  pidNamespace: orNull(() => readlinkSync("/proc/self/ns/pid")),
});

/** Whether a process id of the one place can be judged in the other. */
export const isSamePlace = (a: ProcessPlace, b: ProcessPlace): boolean =>
  a.host === b.host && a.boot === b.boot && a.pidNamespace === b.pidNamespace;

const orNull = (read: () => string): string | null => {
  try {
    return read();
  } catch {
    return null;
  }
};
