import { type EdgeKeys, edgeHash, randomEdgeKeys } from "./edge-hash.js";

/** Tokens by their characters, for all that a place in a text begins with. */
export interface Trie {
  /** Calls `use` with the end, in UTF-16 units, and the id of every token that the text has at a place, the shortest first. */
  eachAt(text: string, from: number, use: (end: number, id: number) => void): void;
}

/** Characters of all tokens together, for memory of at most 400 MB. */
export const MAX_TRIE_CHARACTERS = 2 ** 23;

/**
 * A hash table of edges: a node and a character lead to a node. What is found does not depend on its keys, which nobody who writes tokens knows:
 * else they could be written so that all edges begin at one slot.
 */
export const trieOf = (tokens: ReadonlyMap<string, number>, keys: EdgeKeys = randomEdgeKeys()): Trie => {
  let characters = 0;
  for (const token of tokens.keys()) characters += token.length;
  const bits = Math.ceil(Math.log2(2 * characters + 2));
  const mask = 2 ** bits - 1;
  const froms = new Int32Array(2 ** bits).fill(-1);
  const codes = new Int32Array(2 ** bits);
  const nexts = new Int32Array(2 ** bits);
  const ids = new Int32Array(characters + 1).fill(-1);
  let nodes = 1;
  const hash = edgeHash(keys);
  const slotOf = (node: number, code: number): number => {
    let slot = hash(node, code) >>> (32 - bits);
    while (froms[slot] !== -1 && (froms[slot] !== node || codes[slot] !== code)) slot = (slot + 1) & mask;
    return slot;
  };
  for (const [token, id] of tokens) {
    let node = 0;
    for (const character of token) {
      const code = character.codePointAt(0)!;
      const slot = slotOf(node, code);
      if (froms[slot] === -1) {
        froms[slot] = node;
        codes[slot] = code;
        nexts[slot] = nodes++;
      }
      node = nexts[slot]!;
    }
    ids[node] = id;
  }
  return {
    eachAt: (text, from, use) => {
      let node = 0;
      for (let at = from; at < text.length; ) {
        const code = text.codePointAt(at)!;
        const slot = slotOf(node, code);
        if (froms[slot] === -1) return;
        node = nexts[slot]!;
        at += code > 0xffff ? 2 : 1;
        if (ids[node] !== -1) use(at, ids[node]!);
      }
    },
  };
};
