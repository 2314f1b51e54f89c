import { hashBytes } from "#shared/protocol/hash.js";
import { leafHash, type MerkleTree, merkleTree } from "./merkle.js";
import type { Opening } from "./opening.js";

/** Digests in a leaf of the tree over all nonces; the last leaf may have fewer. */
export const LEAF_DIGESTS = 256;

/** Bytes of a nonce's digest. What it is made of is the profile's matter. */
export const DIGEST_BYTES = 8;

const LEAF_BYTES = LEAF_DIGESTS * DIGEST_BYTES;

/** Number of leaves over so many nonces. */
export const leavesOf = (nonces: number): number => Math.ceil(nonces / LEAF_DIGESTS);

/** The state of a Sprint at one time: how many nonces, counted from 0 without gaps, and the root over them. */
export interface Prefix {
  readonly nonces: number;
  /** 64 hex digits. */
  readonly root: string;
}

/** The digests of the nonces 0 … N − 1, and the trees over them. */
export interface NoncesTree {
  /** Adds the digests of the nonces that follow, 8 bytes each. */
  append(digests: Uint8Array): void;
  /** Nonces so far. */
  readonly nonces: number;
  /** What a record at ⅓ or ⅔ of the time says: the whole leaves so far. */
  prefix(): Prefix;
  /** Of all nonces so far, 8 bytes each. */
  digests(): Uint8Array;
  /** The root over all nonces so far, 64 hex digits. */
  root(): string;
  /** What shows that an earlier prefix is the beginning of a later one, which may be the whole: 64 hex digits each. */
  consistency(earlier: Prefix, later: Prefix): readonly string[];
  /** The leaf that holds a nonce, and its way to the root over all nonces. */
  open(nonce: number): Opening;
}

const hex = (node: Uint8Array): string => Buffer.from(node).toString("hex");

/** An empty one. */
export const noncesTree = (): NoncesTree => {
  const leaves: Uint8Array[] = [];
  let last = new Uint8Array(0);

  const contents = (): readonly Uint8Array[] => (last.length > 0 ? [...leaves, last] : leaves);
  const treeOver = (count: number): MerkleTree => merkleTree(contents().slice(0, count).map(leafHash));
  let whole: MerkleTree | null = null;
  const treeNow = (): MerkleTree => {
    whole ??= treeOver(contents().length);
    return whole;
  };
  const counted = (): number => leaves.length * LEAF_DIGESTS + last.length / DIGEST_BYTES;

  return {
    append: (digests) => {
      if (digests.length % DIGEST_BYTES !== 0)
        throw new RangeError(`digests have ${DIGEST_BYTES} bytes each, not ${digests.length} in all`);
      let bytes = Buffer.concat([last, digests]);
      for (; bytes.length >= LEAF_BYTES; bytes = bytes.subarray(LEAF_BYTES)) leaves.push(bytes.subarray(0, LEAF_BYTES));
      last = Uint8Array.from(bytes);
      whole = null;
    },
    get nonces() {
      return counted();
    },
    prefix: () => ({ nonces: leaves.length * LEAF_DIGESTS, root: hex(treeOver(leaves.length).root) }),
    digests: () => Buffer.concat(contents()),
    root: () => hex(treeNow().root),
    consistency: (earlier, later) => treeOver(leavesOf(later.nonces)).consistency(leavesOf(earlier.nonces)).map(hex),
    open: (nonce) => {
      const leaf = Math.floor(nonce / LEAF_DIGESTS);
      const path = treeNow().inclusion(leaf).map(hex);
      return { version: 1, kind: "opening", leaf, digests: Buffer.from(contents()[leaf]!).toString("base64url"), path };
    },
  };
};

/** Hashes of a document as bytes. */
export const nodesOf = (hashes: readonly string[]): readonly Uint8Array[] => hashes.map(hashBytes);
