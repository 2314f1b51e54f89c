import { hash } from "node:crypto";
import { hashBytes } from "#shared/protocol/hash-bytes.js";

const DOMAIN = "blockzero/sprint-win/1";

/** Whether a nonce with its output wins. */
export type WinTest = (nonce: number, output: Int32Array) => boolean;

/**
 * A win is the first 8 bytes, big-endian, of SHA-256(domain ‖ node seed ‖ u64le(nonce) ‖ output as i32le) below ⌊2⁶⁴ / difficulty⌋. So the
 * probability is 1 / difficulty for whoever computes the output, and one wrong bit draws anew.
 *
 * @param node       node seed, 64 hex digits
 * @param difficulty an integer from 1
 */
export const winTest = (node: string, difficulty: number): WinTest => {
  checkDifficulty(difficulty);
  const limit = 2n ** 64n / BigInt(difficulty);
  const [high, low] = [Number(limit >> 32n), Number(limit & 0xffff_ffffn)];
  const domain = Buffer.concat([Buffer.from(DOMAIN), hashBytes(node)]);
  let text = Buffer.alloc(0);
  return (nonce, output) => {
    const length = domain.length + 8 + output.byteLength;
    if (text.length !== length) {
      text = Buffer.alloc(length);
      text.set(domain);
    }
    text.writeUInt32LE(nonce % 2 ** 32, domain.length);
    text.writeUInt32LE(Math.floor(nonce / 2 ** 32), domain.length + 4);
    text.set(new Uint8Array(output.buffer, output.byteOffset, output.byteLength), domain.length + 8);
    const digest = hash("sha256", text, "binary");
    const drawn = word(digest, 0);
    return drawn < high || (drawn === high && word(digest, 4) < low);
  };
};

/** Four bytes, big-endian, of a string with a byte a character. */
const word = (bytes: string, at: number): number =>
  ((bytes.charCodeAt(at) << 24) |
    (bytes.charCodeAt(at + 1) << 16) |
    (bytes.charCodeAt(at + 2) << 8) |
    bytes.charCodeAt(at + 3)) >>>
  0;

/** @throws RangeError unless it is an integer from 1 */
export const checkDifficulty = (difficulty: number): void => {
  if (!Number.isSafeInteger(difficulty) || difficulty < 1) {
    throw new RangeError(`a difficulty is an integer from 1, got ${difficulty}`);
  }
};

/** As `winTest`, of one nonce. */
export const isWin = (node: string, nonce: number, output: Int32Array, difficulty: number): boolean =>
  winTest(node, difficulty)(nonce, output);
