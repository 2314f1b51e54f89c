import { z } from "zod";
import { type Extrinsic, extrinsicSchema } from "#shared/chain/devchain/extrinsic.js";
import { hashJson } from "#shared/protocol/hash-json.js";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const headerSchema = z.strictObject({
  number: z.int().min(0),
  parent: hash,
  /** Milliseconds since the epoch, greater than the parent's. */
  timestamp: z.int().min(0),
  extrinsicsRoot: hash,
});

export const blockSchema = z.strictObject({ header: headerSchema, extrinsics: z.array(extrinsicSchema) });

export type Header = z.infer<typeof headerSchema>;
export type Block = z.infer<typeof blockSchema>;

/** SHA-256 of the header's canonical JSON, 64 hex digits. */
export const headerHash = (header: Header): string => hashJson(header);

/** SHA-256 of the canonical JSON of the signed extrinsics in order. */
export const extrinsicsRoot = (extrinsics: readonly Extrinsic[]): string => hashJson(extrinsics);

/** Block 0 has no parent. Its root is the hash of the genesis. */
export const genesisHeader = (genesisHash: string, timestamp: number): Header => ({
  number: 0,
  parent: "0".repeat(64),
  timestamp,
  extrinsicsRoot: genesisHash,
});
