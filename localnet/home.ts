import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { lockHome } from "#shared/files/home-lock.js";

/** Describes what runs here, for people and tools: chain endpoint, participants, their process ids. */
export const DESCRIPTION = "localnet.json";

/**
 * Claims a directory for a fresh localnet. Deletes what an earlier localnet left there, and never anything else.
 *
 * @returns a function that releases the directory
 * @throws HOME_IN_USE, HOME_NOT_EMPTY
 */
export const openHome = (home: string): (() => void) => {
  if (existsSync(home) && readdirSync(home).length > 0 && !existsSync(join(home, DESCRIPTION)))
    throw new BlockZeroError(
      "HOME_NOT_EMPTY",
      `${home} holds files that no localnet made`,
      "choose an empty or new directory with --home",
    );
  const unlock = lockHome(home);
  for (const entry of readdirSync(home))
    if (entry !== "lock") rmSync(join(home, entry), { recursive: true, force: true });
  writeFileSync(join(home, DESCRIPTION), "{}\n");
  return unlock;
};
