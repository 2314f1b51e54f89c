import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";

/**
 * Ansible Vault 1.1, which Bittensor's tools wrote before `$NACL`: a header line, then the hex of three lines of hex: salt,
 * HMAC-SHA256 of the cipher text, cipher text (AES-256-CTR, padded as in PKCS #7).
 */
export const ANSIBLE_MARK = "$ANSIBLE_VAULT";

const HEADER = /^\$ANSIBLE_VAULT;1\.[12];AES256[^\n]*\n/;
const ROUNDS = 10_000;
const [KEY_BYTES, IV_BYTES, BLOCK_BYTES] = [32, 16, 16];

/** The plain text (the caller's to wipe), or undefined where the password is wrong or the file is damaged. */
export const openAnsibleVault = (file: Uint8Array, password: Uint8Array): Uint8Array | undefined => {
  const text = Buffer.from(file).toString("latin1");
  const header = HEADER.exec(text);
  if (!header) return undefined;
  const parts = fromHex(text.slice(header[0].length)).toString("latin1").split("\n").map(fromHex);
  const [salt, authenticator, encrypted] = parts;
  if (!salt || !authenticator || !encrypted || encrypted.length === 0) return undefined;

  const derived = pbkdf2Sync(password, salt, ROUNDS, 2 * KEY_BYTES + IV_BYTES, "sha256");
  try {
    const expected = createHmac("sha256", derived.subarray(KEY_BYTES, 2 * KEY_BYTES))
      .update(encrypted)
      .digest();
    if (authenticator.length !== expected.length || !timingSafeEqual(authenticator, expected)) return undefined;
    const cipher = createDecipheriv("aes-256-ctr", derived.subarray(0, KEY_BYTES), derived.subarray(2 * KEY_BYTES));
    const padded = Buffer.concat([cipher.update(encrypted), cipher.final()]);
    const padding = padded.at(-1)!;
    return padding >= 1 && padding <= BLOCK_BYTES ? padded.subarray(0, padded.length - padding) : undefined;
  } finally {
    derived.fill(0);
  }
};

const fromHex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex");
