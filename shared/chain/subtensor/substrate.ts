import { expandMetadata, Metadata, TypeRegistry } from "@polkadot/types";
import type { Header } from "@polkadot/types/interfaces";
import { compactFromU8a, compactStripLength, hexToU8a } from "@polkadot/util";
import { xxhashAsHex } from "@polkadot/util-crypto";
import { z } from "zod";
import type { Head } from "../chain.js";
import { type Ask, RpcError } from "../connection/rpc-socket.js";

/** What every Substrate node answers, whatever its runtime. */

export type Hex = `0x${string}`;

export const hexSchema = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})*$/)
  .transform((text) => text as Hex);
export const hashSchema = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text) => text as Hex);

/** 64 hex digits without the prefix, the form of hashes in `Chain`. */
export const bare = (hash: Hex): string => hash.slice(2);
export const prefixed = (hash: string): Hex => `0x${hash}`;

/** Storage key of `Timestamp.Now`, which every runtime with a clock has. */
const TIMESTAMP: Hex = `0x${xxhashAsHex("Timestamp", 128).slice(2)}${xxhashAsHex("Now", 128).slice(2)}`;
/** Number of blocks requested at once. */
const HEADS_AT_ONCE = 64;

const types = new TypeRegistry();

export const headerSchema = z.looseObject({ number: z.unknown(), parentHash: hashSchema });

/** Parses a header that a node sent. Throws if it is none. */
export const parseHeader = (json: unknown): { readonly number: number; readonly hash: Hex; readonly parent: Hex } => {
  headerSchema.parse(json);
  const header = types.createType<Header>("Header", json);
  return { number: header.number.toNumber(), hash: header.hash.toHex(), parent: header.parentHash.toHex() };
};

/** Whether `@polkadot/api` reads it as a runtime's version. */
export const isRuntimeVersion = (json: unknown): boolean => {
  try {
    types.createType("RuntimeVersion", json);
    return true;
  } catch {
    return false;
  }
};

/** Whether `@polkadot/api` reads it as a runtime's metadata. Takes as long as that. */
export const isMetadata = (json: unknown): boolean => {
  const registry = new TypeRegistry();
  try {
    const metadata = new Metadata(registry, hexSchema.parse(json));
    registry.setMetadata(metadata, undefined, undefined, true);
    expandMetadata(registry, metadata);
    return true;
  } catch {
    return false;
  }
};

const blockSchema = z.object({ block: z.object({ extrinsics: z.array(hexSchema) }) });

/** Milliseconds since the epoch, by the chain's clock at a block. 0 before its first block. */
export const timestampAt = async (ask: Ask, hash: Hex): Promise<number> => {
  try {
    const stored = hexSchema.nullable().parse(await ask("state_getStorage", [TIMESTAMP, hash]));
    return stored === null ? 0 : Number(Buffer.from(hexToU8a(stored)).readBigUInt64LE());
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    // Nodes discard old states long before they discard blocks.
    return timestampIn(blockSchema.parse(await ask("chain_getBlock", [hash])).block.extrinsics[0]);
  }
};

/** The argument of `timestamp.set`, a block's first extrinsic: version, pallet, call, and a compact number. */
const timestampIn = (inherent: Hex | undefined): number => {
  const [, bytes] = compactStripLength(hexToU8a(inherent));
  const [, milliseconds] = compactFromU8a(bytes.subarray(3));
  return Number(milliseconds);
};

export const headAt = async (ask: Ask, number: number, hash: Hex): Promise<Head> => ({
  number,
  hash: bare(hash),
  timestamp: await timestampAt(ask, hash),
});

/** Heads of the chain from a number on, as many as exist, at most one page. */
export const headsFrom = async (ask: Ask, from: number, count: number): Promise<readonly Head[]> => {
  const numbers = Array.from({ length: Math.min(count, HEADS_AT_ONCE) }, (_, i) => from + i);
  const listed = z.array(hashSchema.nullable()).max(numbers.length);
  const hashes = listed.parse(await ask("chain_getBlockHash", [numbers]));
  const known = hashes.flatMap((hash, i) => (hash === null ? [] : [{ number: numbers[i]!, hash }]));
  return Promise.all(known.map(({ number, hash }) => headAt(ask, number, hash)));
};

/** The newest head: its header, and its timestamp. */
export const newestHead = async (ask: Ask): Promise<{ readonly head: Head; readonly parent: string }> => {
  const { number, hash, parent } = parseHeader(await ask("chain_getHeader", []));
  return { head: await headAt(ask, number, hash), parent: bare(parent) };
};
