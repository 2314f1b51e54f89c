import { createHash, randomBytes } from "node:crypto";
import { mix } from "../text/mix.js";

/** Four words of 32 bits that whoever makes a text does not know: else its words could be chosen so that a table's keys all lie at one place. */
export type TableKey = Uint32Array;

/** For a table whose answers do not depend on the key. */
export const randomTableKey = (): TableKey => keyOf(randomBytes(16));

/** For a table whose mistakes do: the same for the same inputs on every machine, and another where a word of them is another. */
export const tableKeyOf = (inputs: Iterable<Uint8Array>): TableKey => {
  const hash = createHash("sha256").update("blockzero table key\n");
  for (const input of inputs) hash.update(input);
  return keyOf(hash.digest());
};

/** Read as little-endian numbers, whatever the machine's order is. */
const keyOf = (bytes: Buffer): TableKey => Uint32Array.from({ length: 4 }, (_, i) => bytes.readUInt32LE(4 * i));

/** A hash of two words of 32 bits under a key, 32 bits without sign: each multiplied by an odd number of the key's, and the sum mixed. */
export const keyedHash = (key: TableKey): ((high: number, low: number) => number) => {
  const [a, b, c, d] = [key[0]!, key[1]! | 1, key[2]!, key[3]! | 1];
  return (high, low) => mix((Math.imul(high ^ a, b) + Math.imul(low ^ c, d)) | 0);
};
