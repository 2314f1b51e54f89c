import { ANSIBLE_MARK, openAnsibleVault } from "./ansible-vault.js";
import { NACL_MARK, openNacl } from "./nacl.js";

/** How a key file is protected. `fernet` is what Bittensor's first versions wrote; nothing of today opens it. */
export type Encryption = "none" | "nacl" | "ansible-vault" | "fernet";

const MARKS: readonly (readonly [string, Encryption])[] = [
  [NACL_MARK, "nacl"],
  [ANSIBLE_MARK, "ansible-vault"],
  ["gAAAAA", "fernet"],
];

export const encryptionOf = (file: Uint8Array): Encryption => {
  const head = Buffer.from(file.subarray(0, 16)).toString("latin1");
  return MARKS.find(([mark]) => head.startsWith(mark))?.[1] ?? "none";
};

/** The plain text (the caller's to wipe), or undefined where the password is wrong or the file is damaged. */
export const decrypt = async (
  encryption: Exclude<Encryption, "none" | "fernet">,
  file: Uint8Array,
  password: Uint8Array,
): Promise<Uint8Array | undefined> =>
  encryption === "nacl" ? openNacl(file, password) : openAnsibleVault(file, password);
