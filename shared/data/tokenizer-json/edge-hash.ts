import { randomFillSync } from "node:crypto";

/** Odd numbers of 32 bits. */
export type EdgeKeys = readonly [node: number, code: number];

export const randomEdgeKeys = (): EdgeKeys => {
  const [node, code] = randomFillSync(new Uint32Array(2));
  return [(node! | 1) >>> 0, (code! | 1) >>> 0];
};

/**
 * 32 bits for an edge of a trie: each half times its own key, which is universal hashing (Dietzfelbinger et al., 1997), and MurmurHash3's last
 * steps, so that neighbouring nodes are not neighbouring slots.
 */
export const edgeHash =
  ([nodeKey, codeKey]: EdgeKeys) =>
  (node: number, code: number): number => {
    let hash = (Math.imul(node, nodeKey) + Math.imul(code, codeKey)) | 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  };
