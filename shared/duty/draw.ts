/** Duty here: a member is drawn to check a task of another, docs/duty.md. What a program has to do in a cycle is in participant/within-blocks.ts. */
import { hashBytes, sha256 } from "#shared/protocol/hash.js";
import { DUTY_CONTEXT, type VrfSigner } from "#shared/protocol/signer.js";
import type { VerifyVrf } from "#shared/protocol/signing.js";

/** The output's point, 32 bytes, and its proof, 64. */
export const DRAW_BYTES = 96;

/** What a verifier draws over: fixed before `beacon` is known, so neither requester, executor nor verifier can choose who is on duty. */
export interface DrawSubject {
  /** 64 hex digits. */
  readonly task: string;
  /** The executor's public key, 32 bytes. */
  readonly executorKey: Uint8Array;
  /** Hash of the task's result, 64 hex digits. */
  readonly result: string;
  /** A value that nobody knew when the task was finished, 64 hex digits. */
  readonly beacon: string;
}

/** The 128 bytes of a draw's message: task id ‖ executor's public key ‖ result hash ‖ beacon. */
export const drawMessage = ({ task, executorKey, result, beacon }: DrawSubject): Uint8Array => {
  if (executorKey.length !== 32) throw new RangeError(`a public key has 32 bytes, not ${executorKey.length}`);
  return Buffer.concat([hashBytes(task), executorKey, hashBytes(result), hashBytes(beacon)]);
};

/** A verifier's draw for a task: 96 bytes. Rejects as the signer does. */
export const drawDuty = async (subject: DrawSubject, signer: Pick<VrfSigner, "vrf">): Promise<Uint8Array> =>
  signer.vrf(drawMessage(subject), DUTY_CONTEXT);

/** Whether the hotkey made this draw. False, never an exception, for what is malformed. */
export const isDrawOf = (draw: Uint8Array, subject: DrawSubject, hotkey: string, verifyVrf: VerifyVrf): boolean => {
  try {
    return draw.length === DRAW_BYTES && verifyVrf(drawMessage(subject), draw, hotkey, DUTY_CONTEXT);
  } catch {
    return false;
  }
};

/**
 * A draw as a number below 2⁶⁴: the first 8 bytes, big-endian, of SHA-256(y), where y are the first 32 bytes of the draw. The point itself is not
 * uniform: its lowest bit is 0.
 */
export const drawValue = (draw: Uint8Array): bigint => BigInt(`0x${sha256(draw.subarray(0, 32)).slice(0, 16)}`);

/** On duty are the draws below the threshold. */
export const isOnDuty = (draw: Uint8Array, threshold: bigint): boolean => drawValue(draw) < threshold;
