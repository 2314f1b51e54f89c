import { createHash } from "node:crypto";
import { QUICKNET } from "#shared/chain/timelock/beacon.js";
import { encryptTimelock } from "#shared/chain/timelock/timelock.js";

/** A round of quicknet that is long out. */
export const ROUND = 1000;

/** Bytes that only the seed decides. */
export const seededBytes = (seed: string): ((bytes: number) => Uint8Array) => {
  let drawn = 0;
  return (bytes) => createHash("sha512").update(`${seed} ${drawn++}`).digest().subarray(0, bytes);
};

/** The same ciphertexts every time, by plaintext length. */
export const ourCiphertexts = () =>
  [0, 1, 16, 300].map((bytes) => {
    const plaintext = Buffer.alloc(bytes, "timelock");
    const random = seededBytes(`timelock ${bytes}`);
    const ciphertext = encryptTimelock(plaintext, { round: ROUND, publicKey: QUICKNET.publicKey, random });
    return { plaintext: plaintext.toString("hex"), ciphertext: Buffer.from(ciphertext).toString("hex") };
  });
