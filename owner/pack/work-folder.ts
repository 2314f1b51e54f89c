import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { networkDifferences } from "#shared/config/load-network.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import { MANIFEST_NAME } from "#shared/packs/pack-folder.js";

/** Folder of the work that has what came from the Hub. */
export const FETCHED = "hub";

/** Raised where the same settings and rows give other documents than before: work of the rules before cannot be gone on with. */
const RULES = 2;

/** Writes down what the work in a folder is, or checks that it is the same. @throws BlockZeroError PACK_CHANGED */
export const claimWork = (work: string, identity: object): void => {
  const path = join(work, "work.json");
  const text = JSON.stringify({ rules: RULES, ...identity });
  const known = readFileIfAny(path);
  if (known === null) writeFileAtomic(path, text);
  else if (hasOtherRules(known))
    throw new BlockZeroError(
      "PACK_CHANGED",
      `the work in ${work} was begun by another version of BlockZero, which makes other documents`,
      `${BEGIN_ANEW}, and give the same again`,
    );
  else if (known !== text)
    throw new BlockZeroError(
      "PACK_CHANGED",
      `the work in ${work} was begun with other sources or settings: ${changesOf(known, text)}`,
      `give the same again to go on; to begin anew ${BEGIN_ANEW}`,
    );
};

const BEGIN_ANEW = `remove the \`blobs\` beside that folder and all in it but \`${FETCHED}\`, which was fetched`;

const hasOtherRules = (former: string): boolean => {
  try {
    return JSON.parse(former).rules !== RULES;
  } catch {
    return false;
  }
};

/** What differs, of texts of JSON; the former one may be of another version. */
const changesOf = (former: string, now: string): string => {
  try {
    return networkDifferences(JSON.parse(former), JSON.parse(now))
      .slice(0, CHANGES)
      .map(({ field, left, right }) => `${field.replace(/^settings\./, "")} was ${told(left)} and is ${told(right)}`)
      .join(", ");
  } catch {
    return "its work.json cannot be read";
  }
};

const told = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "not there";
  return text.length > TOLD_CHARS ? `${text.slice(0, TOLD_CHARS - 1)}…` : text;
};

/** Changes that a message names: the first. */
const CHANGES = 3;

const TOLD_CHARS = 80;

/** Removes what a refused pack left, but for what was fetched, which serves whatever the settings. */
export const clearWork = (out: string, work: string): void => {
  try {
    if (!existsSync(join(out, MANIFEST_NAME))) rmSync(join(out, "blobs"), { recursive: true, force: true });
    const names = existsSync(work) ? readdirSync(work) : [];
    for (const name of names) if (name !== FETCHED) rmSync(join(work, name), { recursive: true, force: true });
    if (existsSync(work) && !names.includes(FETCHED)) rmdirSync(work);
  } catch {
    // The refusal is what matters; the next call says what is in its way.
  }
};
