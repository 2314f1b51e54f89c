import { readFileSync } from "node:fs";

/**
 * Bytes of memory that Linux tells of a process; null elsewhere, and of one that is gone. (`maxRSS` also counts what the parent had when it made the
 * process.)
 *
 * @param name as in `/proc/PID/status`: `VmRSS` is resident now, `VmHWM` was at most
 */
export const processMemory = (name: "VmRSS" | "VmHWM", pid: number | "self" = "self"): number | null => {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(statusOf(pid))?.[1];
  return kibibytes === undefined ? null : 1024 * Number(kibibytes);
};

const statusOf = (pid: number | "self"): string => {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch (thrown) {
    // ESRCH where it ends while it is read.
    if (["ENOENT", "ESRCH"].includes((thrown as NodeJS.ErrnoException).code ?? "")) return "";
    throw thrown;
  }
};
