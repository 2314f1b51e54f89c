import { z } from "zod";
import type { Ask } from "../connection/rpc-socket.js";
import { type Hex, hexSchema } from "./substrate.js";

const KEYS_AT_ONCE = 1000;

/** Far more than a subnet has of anything, and longer than any item's keys, in characters. */
const MAX_KEYS = 1 << 17;
const MAX_KEY_CHARS = 2048;

const pageSchema = z.array(hexSchema).max(KEYS_AT_ONCE);

/**
 * Every key of a block's state under a prefix, asked for page by page: a node lists them in ascending order.
 *
 * @throws TypeError for a node, or what stands before it, whose pages do not end
 */
export const pagedKeys = async (ask: Ask, prefix: Hex, hash: Hex): Promise<readonly Hex[]> => {
  const keys: Hex[] = [];
  for (;;) {
    const last = keys.at(-1);
    const page = pageSchema.parse(await ask("state_getKeysPaged", [prefix, KEYS_AT_ONCE, last ?? null, hash]));
    const newest = page.at(-1);
    if (newest !== undefined && last !== undefined && newest <= last)
      throw new TypeError("the node lists the same keys again");
    if (page.some((key) => key.length > MAX_KEY_CHARS)) throw new TypeError("the node lists keys that no item has");
    keys.push(...page);
    if (keys.length > MAX_KEYS) throw new TypeError("the node lists keys without end");
    if (page.length < KEYS_AT_ONCE) return keys;
  }
};
