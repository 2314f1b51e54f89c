import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Packages whose sources are the code that the group `code` learns. */
const PACKAGES = ["zod", "commander", "yaml", "@noble/curves", "@noble/hashes", "@polkadot/api", "@polkadot/types"];

/** Characters of a document, and of all: what comes after these is left out. */
const LEAST = 500;
const MOST = 20_000;
const ALL = 4_000_000;

/**
 * The JavaScript of installed packages, a document a file, in the order of their names, none of them twice.
 *
 * @param packages the folder that they are installed in
 */
export const codeDocuments = (packages = "node_modules"): readonly string[] => {
  const documents = new Set<string>();
  let total = 0;
  for (const name of PACKAGES) {
    const folder = join(packages, name);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => /(?<!\.d)\.(js|mjs|ts)$/.test(file))
      .sort();
    for (const file of files) {
      const text = readFileSync(join(folder, file), "utf8");
      if (text.length < LEAST || text.length > MOST || total > ALL) continue;
      total += text.length;
      documents.add(text);
    }
  }
  return [...documents];
};
