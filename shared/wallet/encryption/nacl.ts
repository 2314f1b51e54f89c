import { naclDecrypt, naclEncrypt } from "@polkadot/util-crypto";
import { argon2i } from "hash-wasm";
import { ADDRESS_SPACE_HINT } from "#shared/errors/address-space.js";
import { BlockZeroError } from "#shared/errors/error.js";

/**
 * Bittensor's `$NACL` key files: `$NACL`, a nonce of 24 bytes, then NaCl's secretbox (XSalsa20-Poly1305, the
 * authenticator first). Its key is Argon2i v1.3 of the password, with libsodium's "sensitive" limits and one salt for everybody.
 */
export const NACL_MARK = "$NACL";

const NONCE_BYTES = 24;
const AUTHENTICATOR_BYTES = 16;
const SALT = Buffer.from("137183dff15a09bc9c90b5518739e9b1", "hex");
/** `crypto_pwhash_argon2i_OPSLIMIT_SENSITIVE` and `…_MEMLIMIT_SENSITIVE`, in passes and KiB. */
const PASSES = 8;
const MEMORY_KIB = 512 * 1024;

/** The plain text (the caller's to wipe), or undefined where the password is wrong or the file is damaged. */
export const openNacl = async (file: Uint8Array, password: Uint8Array): Promise<Uint8Array | undefined> => {
  const box = file.subarray(NACL_MARK.length);
  if (box.length < NONCE_BYTES + AUTHENTICATOR_BYTES) return undefined;
  return withKey(
    password,
    (key) => naclDecrypt(box.subarray(NONCE_BYTES), box.subarray(0, NONCE_BYTES), key) ?? undefined,
  );
};

/** A whole file. */
export const sealNacl = (plain: Uint8Array, password: Uint8Array): Promise<Uint8Array> =>
  withKey(password, (key) => {
    const { encrypted, nonce } = naclEncrypt(plain, key);
    return Buffer.concat([Buffer.from(NACL_MARK), nonce, encrypted]);
  });

const withKey = async <T>(password: Uint8Array, use: (key: Uint8Array) => T): Promise<T> => {
  const key = await deriveKey(password);
  try {
    return use(key);
  } finally {
    key.fill(0);
  }
};

const deriveKey = async (password: Uint8Array): Promise<Uint8Array> => {
  try {
    return await argon2i({
      password,
      salt: SALT,
      parallelism: 1,
      iterations: PASSES,
      memorySize: MEMORY_KIB,
      hashLength: 32,
      outputType: "binary",
    });
  } catch (error) {
    throw new BlockZeroError(
      "WALLET_MEMORY",
      `a password's key takes ${MEMORY_KIB / 1024} MiB of memory, which could not be had`,
      `free memory; ${ADDRESS_SPACE_HINT}`,
      { cause: error },
    );
  }
};
