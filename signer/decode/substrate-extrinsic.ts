import { type Parsed, quote, refused } from "#shared/protocol/parsed.js";
import type { Purpose } from "#shared/protocol/signer.js";
import type { ExtrinsicStatement } from "../statement.js";
import { extrinsicStatement } from "./call.js";
import { ScaleReader } from "./scale-reader.js";
import { readSubtensorCall } from "./subtensor-call.js";

/** Blocks for which an extrinsic is valid at most, as programs write them: one for longer could be kept for a later cycle. */
const LONGEST_ERA = 64;

/**
 * Reads subtensor's signing payload: call ‖ era ‖ nonce ‖ tip ‖ mode of the metadata's hash ‖ spec version ‖ transaction version ‖ genesis ‖
 * era's block ‖ metadata's hash. Nothing may follow. An extrinsic that never ends, that is valid for long,
 * or gives a tip, is refused. Never throws.
 */
export const readSubstrateExtrinsic = (
  message: Uint8Array,
  purpose: Purpose | undefined,
): Parsed<ExtrinsicStatement> => {
  try {
    const reader = new ScaleReader(message);
    const call = readSubtensorCall(reader);
    if (call === null) return refused(`a call that is not understood (pallet ${message[0]}, call ${message[1]})`);
    const era = reader.u8();
    if (era === 0) return refused("an extrinsic without an end of its validity");
    // The low four bits of a mortal era: 2 ** (n + 1) blocks.
    const blocks = 2 << (era & 15);
    if (blocks > LONGEST_ERA) return refused(`an extrinsic that is valid for ${blocks} blocks`);
    reader.u8();
    reader.compact();
    if (reader.compact() !== 0n) return refused("an extrinsic with a tip");
    if (reader.u8() !== 0) return refused("an extrinsic with a hash of metadata");
    reader.take(4 + 4);
    const genesis = Buffer.from(reader.take(32)).toString("hex");
    reader.take(32);
    if (reader.u8() !== 0) return refused("an extrinsic with a hash of metadata");
    if (reader.left > 0) return refused(`${reader.left} bytes after the end of an extrinsic`);
    return extrinsicStatement(genesis, call, purpose);
  } catch (thrown) {
    return refused(`no extrinsic: ${quote(thrown instanceof Error ? thrown.message : String(thrown))}`);
  }
};
