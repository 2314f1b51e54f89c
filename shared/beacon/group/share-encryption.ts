import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { bls12_381 as bls } from "@noble/curves/bls12-381";
import { hashBytes, u64le } from "#shared/protocol/hash.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import type { CycleName } from "../fallback.js";
import { Fr, type G1, parseScalar, scalarBytes } from "./curve.js";

const DOMAIN = "blockzero/share/1";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
export const SHARE_BYTES = 32;

/** Between whom shares are encrypted. */
export interface ShareChannel extends CycleName {
  readonly dealer: string;
  readonly member: string;
  /** The member's encryption key. */
  readonly memberKey: G1;
}

/**
 * Encrypts a member's shares: ECIES over G1. The ephemeral scalar e gives the point e·G1, which is published, and e·(member's key), of
 * which HKDF-SHA256 makes the key and nonce of AES-256-GCM. The ephemeral scalar is of one use; whoever has it can make and open the same
 * bytes, which is how a complaint is answered.
 *
 * @returns the shares, 32 bytes each, and a tag of 16 bytes
 */
export const encryptShares = (shares: readonly bigint[], ephemeral: bigint, channel: ShareChannel): Uint8Array => {
  const point = bls.G1.Point.BASE.multiply(ephemeral);
  const { key, nonce } = keysOf(point, channel.memberKey.multiply(ephemeral), channel);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([cipher.update(Buffer.concat(shares.map(scalarBytes))), cipher.final(), cipher.getAuthTag()]);
};

/** Decrypts with the member's secret key. Never throws. @param point the ephemeral point */
export const decryptShares = (
  sealed: Uint8Array,
  point: G1,
  secret: bigint,
  channel: ShareChannel,
): Parsed<readonly bigint[]> => open(sealed, keysOf(point, point.multiply(secret), channel));

/** Decrypts with the ephemeral scalar that the dealer published. Never throws. */
export const decryptInPublic = (
  sealed: Uint8Array,
  ephemeral: bigint,
  channel: ShareChannel,
): Parsed<readonly bigint[]> => {
  const point = bls.G1.Point.BASE.multiply(ephemeral);
  return open(sealed, keysOf(point, channel.memberKey.multiply(ephemeral), channel));
};

interface Keys {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

const keysOf = (point: G1, shared: G1, { network, cycle, dealer, member, memberKey }: ShareChannel): Keys => {
  const info = Buffer.concat([
    Buffer.from(DOMAIN),
    hashBytes(network),
    u64le(cycle),
    point.toBytes(true),
    memberKey.toBytes(true),
    Buffer.from(`${dealer} ${member}`),
  ]);
  const bytes = Buffer.from(hkdfSync("sha256", shared.toBytes(true), Buffer.alloc(0), info, KEY_BYTES + NONCE_BYTES));
  return { key: bytes.subarray(0, KEY_BYTES), nonce: bytes.subarray(KEY_BYTES) };
};

const open = (sealed: Uint8Array, { key, nonce }: Keys): Parsed<readonly bigint[]> => {
  if (sealed.length < TAG_BYTES) return refused("shorter than a tag");
  let plaintext: Buffer;
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, nonce);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    plaintext = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    return refused("its shares do not decrypt");
  }
  const shares: bigint[] = [];
  for (let at = 0; at < plaintext.length; at += SHARE_BYTES) {
    const bytes = plaintext.subarray(at, at + SHARE_BYTES);
    const share = parseScalar(bytes);
    if (!share.ok) return share;
    shares.push(Fr.create(share.value));
  }
  return accepted(shares);
};
