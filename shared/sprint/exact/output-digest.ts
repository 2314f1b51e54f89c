import { sha256 } from "#shared/protocol/hash.js";

const DOMAIN = Buffer.from("blockzero/win-output/1");

/** SHA-256(domain ‖ output as i32le) of a nonce, 64 hex digits: the same on every device, and known to nobody who does not compute it. */
export const outputDigest = (output: Int32Array): string =>
  sha256(DOMAIN, new Uint8Array(output.buffer, output.byteOffset, output.byteLength));
