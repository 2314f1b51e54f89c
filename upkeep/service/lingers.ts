import { execFile } from "node:child_process";

const ANSWER_MS = 10_000;

/** Whether a user's own manager, and what it runs, stays when he logs out. False where nobody says. */
export const lingers = (user: string): Promise<boolean> =>
  new Promise((resolve) => {
    const args = ["show-user", user, "--property=Linger"];
    execFile("loginctl", args, { timeout: ANSWER_MS }, (_error, stdout) => resolve(/^Linger=yes$/m.test(stdout)));
  });
