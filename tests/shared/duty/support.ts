import { hashBytes, sha256 } from "#shared/protocol/hash.js";
import { DUTY_CONTEXT } from "#shared/protocol/signer.js";
import type { VerifyVrf } from "#shared/protocol/signing.js";
import { verifyVrf } from "#shared/wallet/verify-vrf.js";
import { signVrf } from "#shared/wallet/vrf.js";
import { devSigner } from "../protocol/keys.js";

export const hashOf = (name: string): string => sha256(Buffer.from(name));
export const keyOf = (name: string): Uint8Array => hashBytes(hashOf(`key of ${name}`));

/**
 * A draw without a curve, for simulations of very many hosts: its first 32 bytes are as unpredictable and as fixed by key and message as a real
 * one's. Its other 64 are zero.
 */
export const cheapDraw = (hotkey: string, message: Uint8Array, context: string = DUTY_CONTEXT): Buffer =>
  Buffer.concat([
    hashBytes(sha256(Buffer.from(`secret of ${hotkey}`), Buffer.from(context), message)),
    Buffer.alloc(64),
  ]);

export const verifyCheapDraw: VerifyVrf = (message, draw, hotkey, context) =>
  Buffer.compare(draw, cheapDraw(hotkey, message, context)) === 0;

export { devSigner, signVrf, verifyVrf };
