import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NOTES, type Noted } from "./ledger.js";

/** Reads what participants' journals say, again and again: a journal keeps 64 cycles. What was read of a cycle last counts. */
export interface JournalReader {
  read(): void;
  noted(): readonly Noted[];
}

export const readJournals = (homes: ReadonlyMap<string, string>): JournalReader => {
  const known = new Map<string, Noted>();
  return {
    read: () => {
      for (const [hotkey, home] of homes)
        for (const [cycle, entry] of Object.entries(cyclesIn(home)))
          for (const [note, kind] of Object.entries(NOTES)) {
            const block = entry[note];
            if (typeof block === "number")
              known.set(`${hotkey} ${cycle} ${kind}`, { hotkey, cycle: Number(cycle), kind, block });
          }
    },
    noted: () => [...known.values()],
  };
};

/** `<home>/<hotkey>/<network>/miner.json` or `validator.json`; nothing where there is none yet. */
const cyclesIn = (home: string): Readonly<Record<string, Readonly<Record<string, unknown>>>> => {
  for (const hotkey of namesIn(home))
    for (const state of namesIn(join(home, hotkey)))
      for (const file of ["miner.json", "validator.json"])
        try {
          const journal: { cycles?: Record<string, Record<string, unknown>> } = JSON.parse(
            readFileSync(join(home, hotkey, state, file), "utf8"),
          );
          return journal.cycles ?? {};
        } catch {
          // Another's, or not there.
        }
  return {};
};

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
