import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { lockHome } from "#shared/files/home-lock.js";
import { endLeftOver } from "./left-over.js";

/** Describes what runs here, for people and tools: chain endpoint, participants, their process ids. */
export const DESCRIPTION = "localnet.json";

/**
 * Claims a directory for a fresh localnet. Ends the processes that an earlier localnet left there, deletes its files, and never anything else.
 *
 * @param onLost called when another process took the directory over
 * @returns a function that releases the directory
 * @throws HOME_IN_USE, HOME_NOT_EMPTY
 */
export const openHome = async (
  home: string,
  say: (line: string) => void,
  onLost: (error: BlockZeroError) => void,
): Promise<() => void> => {
  if (statSync(home, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new BlockZeroError("HOME_NOT_EMPTY", `${home} is a file`, "choose an empty or new directory with --home");
  if (existsSync(home) && readdirSync(home).length > 0 && !existsSync(join(home, DESCRIPTION)))
    throw new BlockZeroError(
      "HOME_NOT_EMPTY",
      `${home} holds files that no localnet made`,
      "choose an empty or new directory with --home",
    );
  const unlock = lockHome(home, onLost);
  try {
    await empty(home, say);
  } catch (thrown) {
    unlock();
    throw thrown;
  }
  return unlock;
};

const empty = async (home: string, say: (line: string) => void): Promise<void> => {
  await endLeftOver(home, say);
  if (existsSync(join(home, DESCRIPTION)))
    say(
      `the last run in ${home} is deleted, with its chain, models and logs; --home keeps it by naming another folder`,
    );
  for (const entry of readdirSync(home))
    if (entry !== "lock") rmSync(join(home, entry), { recursive: true, force: true });
  writeFileSync(join(home, DESCRIPTION), "{}\n");
};
