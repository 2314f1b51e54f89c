import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { bls12_381 as bls } from "@noble/curves/bls12-381";
import { malformed } from "./beacon.js";
import {
  type Ciphertext,
  decodeCiphertext,
  encodeCiphertext,
  NONCE_BYTES,
  SHARE_BYTES,
  TAG_BYTES,
} from "./ciphertext.js";
import { type Gt, gtPower } from "./gt-power.js";
import { parseG2, parsePublicKey, parseSignature, roundPoint } from "./pulse.js";

type G1 = typeof bls.G1.Point.BASE;

/**
 * The generator of G2, with a table of 52 × 16 points from its first product on. The curve library has none for it: each product, one in
 * sealing and one in opening, then takes five times as long.
 */
const G2_BASE = bls.G2.Point.BASE.precompute(5);

export interface TimelockOptions {
  /** The round whose pulse opens the ciphertext. */
  readonly round: number;
  /** The beacon's public key, 192 hex digits. */
  readonly publicKey: string;
  /** Returns that many random bytes. Default: the system's generator. */
  readonly random?: (bytes: number) => Uint8Array;
}

/**
 * Encrypts to a future pulse of a drand beacon: the identity-based encryption of Boneh and Franklin ("Identity-Based Encryption from the
 * Weil Pairing", FullIdent) with the round as the identity, over AES-256-GCM. The format is that of Ideal Labs' `tle`, which subtensor's
 * runtime opens.
 */
export const encryptTimelock = (
  plaintext: Uint8Array,
  { round, publicKey, random = randomBytes }: TimelockOptions,
): Uint8Array => {
  const mask = maskOf(publicKey, round);
  const key = random(SHARE_BYTES);
  const sigma = sha256(random(SHARE_BYTES));
  const nonce = random(NONCE_BYTES);
  const r = scalarOf(sigma, key);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return encodeCiphertext({
    u: G2_BASE.multiply(r).toBytes(true),
    v: xor(sigma, sha256(gtBytes(gtPower(mask, r)))),
    w: xor(key, sha256(sigma)),
    sealed: Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]),
    nonce,
  });
};

/** e(H(round), public key): whoever seals more than once to a round pairs once. */
const maskOf = (publicKey: string, round: number): Gt => {
  if (lastMask?.publicKey !== publicKey || lastMask.round !== round)
    lastMask = { publicKey, round, mask: bls.pairing(roundPoint(round), parsePublicKey(publicKey)) };
  return lastMask.mask;
};

let lastMask: { readonly publicKey: string; readonly round: number; readonly mask: Gt } | null = null;

/**
 * Opens a ciphertext from anybody with the signature of its round's pulse, 48 bytes.
 * @throws TIMELOCK_MALFORMED if the bytes cannot be a ciphertext or a signature, or do not belong together
 */
export const decryptTimelock = (ciphertext: Uint8Array, signature: Uint8Array): Uint8Array =>
  timelockOpener(signature)(ciphertext);

/** `decryptTimelock` for many ciphertexts of one round: the signature is parsed once. @throws TIMELOCK_MALFORMED */
export const timelockOpener = (signature: Uint8Array): ((ciphertext: Uint8Array) => Uint8Array) => {
  const pulse = parseSignature(signature);
  return (ciphertext) => openWith(pulse, decodeCiphertext(ciphertext));
};

const openWith = (pulse: G1, { u, v, w, sealed, nonce }: Ciphertext): Uint8Array => {
  const point = parseG2(u, "the ciphertext's first part");
  const sigma = xor(v, sha256(gtBytes(bls.pairing(pulse, point))));
  const key = xor(w, sha256(sigma));
  if (!G2_BASE.multiply(scalarOf(sigma, key)).equals(point)) throw malformed("this pulse does not open the ciphertext");
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, nonce);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw malformed("the ciphertext was altered", cause);
  }
};

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ b[i]!);

/** The ciphertext's randomness is derived from its content, so a reader who opens it can check that nobody altered it. */
const scalarOf = (sigma: Uint8Array, key: Uint8Array): bigint => {
  const scalar = BigInt(`0x${Buffer.from(sha256(sigma, key)).toString("hex")}`) % bls.fields.Fr.ORDER;
  if (scalar === 0n) throw malformed("the ciphertext hides nothing");
  return scalar;
};

/** Fp12 in ark-serialize's form: twelve field elements of 48 bytes, little-endian. */
const gtBytes = ({ c0, c1 }: Gt): Uint8Array =>
  Buffer.concat(
    [c0, c1]
      .flatMap((half) => [half.c0, half.c1, half.c2])
      .flatMap((element) => [element.c0, element.c1])
      .map((n) => Buffer.from(n.toString(16).padStart(96, "0"), "hex").reverse()),
  );
