import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type EdgeKeys, edgeHash, randomEdgeKeys } from "#shared/data/tokenizer-json/edge-hash.js";
import { trieOf } from "#shared/data/tokenizer-json/trie.js";

const KNOWN: EdgeKeys = [0x9e3779b1, 0x85ebca77];
const OTHER: EdgeKeys = [0x1b873593, 0xcc9e2d51];
const NODES = 512;

/** By node, a character that leads its edge to the first of 256 buckets under keys that are known. */
const crafted = Array.from({ length: NODES }, (_, node) => {
  let code = 0x10000;
  while (edgeHash(KNOWN)(node, code) >>> 24 !== 0) code++;
  return code;
});

const fullest = (keys: EdgeKeys): number => {
  const counts = new Uint32Array(256);
  crafted.forEach((code, node) => {
    counts[edgeHash(keys)(node, code) >>> 24]!++;
  });
  return Math.max(...counts);
};

describe("the trie of a tokenizer's tokens", () => {
  it("has keys that nobody knows: edges made for known keys are spread by others", () => {
    assert.equal(fullest(KNOWN), NODES);
    assert.ok(fullest(OTHER) < 16);
    assert.notDeepEqual(randomEdgeKeys(), randomEdgeKeys());
    for (const key of randomEdgeKeys()) assert.equal(key % 2, 1);
  });

  it("finds the same, whatever its keys", () => {
    const word = crafted.map((code) => String.fromCodePoint(code)).join("");
    const tokens = new Map([word, word.slice(0, 100), "ab", "a", "b"].map((token, id) => [token, id]));
    const found = (keys?: EdgeKeys) => {
      const places: (readonly [from: number, end: number, id: number])[] = [];
      const trie = trieOf(tokens, keys);
      const text = `ab${word}`;
      for (const from of [0, 1, 2, 4]) trie.eachAt(text, from, (end, id) => places.push([from, end, id]));
      return places;
    };
    const expected = [
      [0, 1, 3],
      [0, 2, 2],
      [1, 2, 4],
      [2, 102, 1],
      [2, 2 + word.length, 0],
    ];
    for (const keys of [KNOWN, OTHER, undefined]) assert.deepEqual(found(keys), expected);
  });
});
