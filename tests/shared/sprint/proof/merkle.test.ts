import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { isIncluded, isPrefix, leafHash, merkleTree } from "#shared/sprint/proof/merkle.js";

const leaves = Array.from({ length: 33 }, (_, i) => leafHash(Buffer.from(`${i}`)));

/** MTH of RFC 9162, section 2.1.1, as it is written there. */
const rootOf = (of: readonly Uint8Array[]): Uint8Array => {
  const hash = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
  if (of.length === 0) return hash();
  if (of.length === 1) return of[0]!;
  let left = 1;
  while (2 * left < of.length) left *= 2;
  return hash(Buffer.of(1), rootOf(of.slice(0, left)), rootOf(of.slice(left)));
};

test("roots are those of the RFC's definition", () => {
  for (let size = 0; size <= leaves.length; size++)
    assert.deepEqual(merkleTree(leaves.slice(0, size)).root, rootOf(leaves.slice(0, size)), `${size}`);
});

test("every leaf of every tree is included at its place, and at no other", () => {
  for (let size = 1; size <= leaves.length; size++) {
    const { root, inclusion } = merkleTree(leaves.slice(0, size));
    for (let leaf = 0; leaf < size; leaf++) {
      const path = inclusion(leaf);
      const at = { size, leaf, hash: leaves[leaf]!, path };
      assert.ok(isIncluded(root, at), `${leaf} of ${size}`);
      for (const change of [
        { hash: leafHash(Buffer.from("other")) },
        { leaf: size },
        { leaf: leaf ^ 1 },
        { path: path.slice(1) },
        { path: [...path, root] },
      ]) {
        const isSame = change.path?.length === path.length;
        if (!isSame) assert.ok(!isIncluded(root, { ...at, ...change }), `${leaf} of ${size} ${JSON.stringify(change)}`);
      }
    }
    assert.throws(() => inclusion(size), RangeError);
  }
});

test("every tree is the beginning of every larger one, and of no other", () => {
  const trees = Array.from({ length: leaves.length + 1 }, (_, size) => merkleTree(leaves.slice(0, size)));
  const other = merkleTree([leafHash(Buffer.from("other")), ...leaves.slice(1)]);
  for (const [first, { root }] of trees.entries())
    for (const [second, tree] of trees.entries()) {
      if (second < first) {
        assert.ok(!isPrefix({ size: first, root }, { size: second, root: tree.root }, []));
        continue;
      }
      const proof = tree.consistency(first);
      const heads = [
        { size: first, root },
        { size: second, root: tree.root },
      ] as const;
      assert.ok(isPrefix(...heads, proof), `${first} of ${second}`);
      if (first === 0 || first === second) continue;
      assert.ok(!isPrefix(...heads, proof.slice(1)));
      assert.ok(!isPrefix(...heads, [...proof, root]));
      assert.ok(!isPrefix({ size: first, root: other.root }, heads[1], proof));
      assert.ok(!isPrefix(heads[0], { size: second, root: other.root }, proof));
    }
  assert.throws(() => other.consistency(34), RangeError);
});
