import { execFileSync } from "node:child_process";
import { isAbsolute } from "node:path";

/** A user of the system. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

const ANSWER_MS = 10_000;

/** What the system's list of users says of a name; undefined where it does not know it, as of a unit for another machine. */
export const accountOf = (user: string): Account | undefined => {
  try {
    const entry = execFileSync("getent", ["passwd", "--", user], {
      encoding: "utf8",
      timeout: ANSWER_MS,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [, , uid, gid, , home] = entry.trim().split(":");
    return home !== undefined && isAbsolute(home) ? { uid: Number(uid), gid: Number(gid), home } : undefined;
  } catch {
    return undefined;
  }
};

/** Does `work` with `~` standing for the account's home, as in the program that it will run. */
export const inHomeOf = <T>(account: Pick<Account, "home"> | undefined, work: () => T): T => {
  const before = process.env.HOME;
  if (account !== undefined) process.env.HOME = account.home;
  try {
    return work();
  } finally {
    if (before === undefined) delete process.env.HOME;
    else process.env.HOME = before;
  }
};
