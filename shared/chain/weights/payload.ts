import { blake2AsU8a } from "@polkadot/util-crypto";
import { BlockZeroError } from "#shared/errors/error.js";
import type { TimelockPayload } from "../chain.js";
import { scaleReader, u16, u16s, u64, vector } from "./scale.js";

/** The content of a weights commitment. */
export interface WeightsPayload {
  readonly uids: readonly number[];
  /** u16, one per uid. */
  readonly values: readonly number[];
  readonly versionKey: number;
}

/** @param hotkey public key, 32 bytes, for the hotkey-bound payload; unset for the legacy payload */
export const encodeTimelockPayload = ({ uids, values, versionKey }: WeightsPayload, hotkey?: Uint8Array): Uint8Array =>
  Buffer.concat([hotkey ? vector(hotkey) : new Uint8Array(), u16s(uids), u16s(values), u64(versionKey)]);

/** @throws WEIGHTS_PAYLOAD_MALFORMED, SCALE_MALFORMED */
export const decodeTimelockPayload = (
  bytes: Uint8Array,
  format: TimelockPayload,
): WeightsPayload & { readonly hotkey: Uint8Array | null } => {
  const reader = scaleReader(bytes);
  const hotkey = format === "hotkey" ? reader.vector() : null;
  if (hotkey !== null && hotkey.length !== 32) throw malformed("its hotkey has not 32 bytes");
  const payload = { hotkey, uids: reader.u16s(), values: reader.u16s(), versionKey: reader.u64() };
  reader.end();
  if (payload.uids.length !== payload.values.length) throw malformed("it has not one value a uid");
  return payload;
};

const malformed = (why: string): BlockZeroError =>
  new BlockZeroError("WEIGHTS_PAYLOAD_MALFORMED", `not a weights payload: ${why}`, "check its sender's version");

export interface HashCommitment extends WeightsPayload {
  /** Public key, 32 bytes. */
  readonly hotkey: Uint8Array;
  readonly netuid: number;
  /** u16 each. */
  readonly salt: readonly number[];
}

/** BLAKE2b-256 over SCALE of (hotkey, netuid, uids, values, salt, version key), as `reveal_weights` recomputes it. 64 hex digits. */
export const weightsCommitHash = ({ hotkey, netuid, uids, values, salt, versionKey }: HashCommitment): string =>
  blake2Hex(Buffer.concat([hotkey, u16(netuid), u16s(uids), u16s(values), u16s(salt), u64(versionKey)]));

/** BLAKE2b-256, 64 hex digits: the chain's name for a waiting timelock ciphertext. */
export const ciphertextHash = (ciphertext: Uint8Array): string => blake2Hex(ciphertext);

const blake2Hex = (bytes: Uint8Array): string => Buffer.from(blake2AsU8a(bytes, 256)).toString("hex");
