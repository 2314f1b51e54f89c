import { createHash } from "node:crypto";

/** A hash within a tree, 32 bytes. */
type Node = Uint8Array;

const LEAF = Uint8Array.of(0);
const INNER = Uint8Array.of(1);

const hash = (...parts: readonly Uint8Array[]): Node => {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  return digest.digest();
};

/** The hash of a leaf: SHA-256(00 ‖ content). */
export const leafHash = (content: Uint8Array): Node => hash(LEAF, content);

const inner = (left: Node, right: Node): Node => hash(INNER, left, right);

/** The Merkle tree of RFC 9162, section 2.1, over hashes of leaves. */
export interface MerkleTree {
  readonly size: number;
  readonly root: Node;
  /** The siblings from a leaf up (section 2.1.3.1). */
  inclusion(leaf: number): Node[];
  /** What shows that the first `first` leaves were the whole of an earlier tree (section 2.1.4.1); 0 ≤ first ≤ size. */
  consistency(first: number): Node[];
}

/**
 * Builds all levels. A node without a sibling goes up unchanged, which gives the RFC's tree: node i of level h is the hash of the leaves from
 * i·2^h to (i + 1)·2^h, as far as there are any. The root of no leaf is SHA-256 of nothing.
 */
export const merkleTree = (leaves: readonly Node[]): MerkleTree => {
  const levels: Node[][] = [[...leaves]];
  for (let level = levels[0]!; level.length > 1; levels.push(level)) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
      const right = below[2 * i + 1];
      return right === undefined ? below[2 * i]! : inner(below[2 * i]!, right);
    });
  }
  const size = leaves.length;

  /** The hash of the leaves [start, end), a subtree of the RFC's recursion. */
  const subtree = (start: number, end: number): Node => {
    const height = end - start <= 1 ? 0 : split(end - start).height + 1;
    return levels[height]![start / 2 ** height]!;
  };

  const subproof = (first: number, start: number, end: number, isWhole: boolean): Node[] => {
    const length = end - start;
    if (first === length) return isWhole ? [] : [subtree(start, end)];
    const { left } = split(length);
    return first <= left
      ? [...subproof(first, start, start + left, isWhole), subtree(start + left, end)]
      : [...subproof(first - left, start + left, end, false), subtree(start, start + left)];
  };

  return {
    size,
    root: levels.at(-1)![0] ?? hash(),
    inclusion: (leaf) => {
      if (!Number.isInteger(leaf) || leaf < 0 || leaf >= size) throw new RangeError(`no leaf ${leaf} of ${size}`);
      return levels.slice(0, -1).flatMap((level, height) => level[Math.floor(leaf / 2 ** height) ^ 1] ?? []);
    },
    consistency: (first) => {
      if (!Number.isInteger(first) || first < 0 || first > size) throw new RangeError(`no prefix ${first} of ${size}`);
      return first === 0 ? [] : subproof(first, 0, size, true);
    },
  };
};

/** The left part of a tree of at least two leaves: the largest power of two below their number. */
const split = (length: number): { readonly left: number; readonly height: number } => {
  const height = 31 - Math.clz32(length - 1);
  return { left: 2 ** height, height };
};

const equal = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;

/** Whether `path` leads from leaf number `leaf` of `size` to the root (section 2.1.3.2). */
export const isIncluded = (
  root: Uint8Array,
  { size, leaf, hash: start, path }: { size: number; leaf: number; hash: Uint8Array; path: readonly Uint8Array[] },
): boolean => {
  if (leaf >= size) return false;
  let [at, last, node] = [leaf, size - 1, start];
  for (const sibling of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      node = inner(sibling, node);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else node = inner(node, sibling);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && equal(root, node);
};

/** A tree by its size and root. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Whether the first tree is the beginning of the second one, by `proof` (section 2.1.4.2). */
export const isPrefix = (first: TreeHead, second: TreeHead, proof: readonly Uint8Array[]): boolean => {
  if (first.size > second.size) return false;
  if (first.size === 0) return proof.length === 0 && equal(first.root, hash());
  if (first.size === second.size) return proof.length === 0 && equal(first.root, second.root);
  const nodes = Number.isInteger(Math.log2(first.size)) ? [first.root, ...proof] : [...proof];
  let [at, last] = [first.size - 1, second.size - 1];
  while (at % 2 === 1) [at, last] = [(at - 1) / 2, Math.floor(last / 2)];
  const start = nodes.shift();
  if (start === undefined) return false;
  let [old, fresh] = [start, start];
  for (const node of nodes) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      old = inner(node, old);
      fresh = inner(node, fresh);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else fresh = inner(fresh, node);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && equal(first.root, old) && equal(second.root, fresh);
};
