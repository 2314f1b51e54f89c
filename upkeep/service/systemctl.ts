import { execFile } from "node:child_process";
import { BlockZeroError } from "#shared/errors/error.js";

/** Runs `systemctl` of the system or of the user's own manager. */
export type Systemctl = (...args: readonly string[]) => Promise<string>;

const ANSWER_MS = 90_000;

/**
 * @param isUser whether the user's own manager is meant
 * @returns what it prints. Throws `BlockZeroError` SERVICE_MANAGER_MISSING, SERVICE_FAILED with its first line
 */
export const systemctl =
  (isUser: boolean): Systemctl =>
  (...args) =>
    new Promise((resolve, reject) => {
      const all = [...(isUser ? ["--user"] : []), "--no-pager", ...args];
      execFile("systemctl", all, { timeout: ANSWER_MS, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const reason = (stderr || error.message).trim().split("\n")[0] ?? "";
        reject(
          error.code === "ENOENT" || /not been booted with systemd|Failed to connect to bus/.test(stderr)
            ? new BlockZeroError(
                "SERVICE_MANAGER_MISSING",
                `systemd does not run here${reason === "" ? "" : `: ${reason}`}`,
                "print the unit with --print for another machine; a container needs none: docs/operations.md",
              )
            : new BlockZeroError(
                "SERVICE_FAILED",
                `systemctl ${args.join(" ")}: ${reason}`,
                "see journalctl -u of the unit",
              ),
        );
      });
    });
