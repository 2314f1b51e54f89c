import type { KeyDescription } from "#shared/wallet/index.js";

/** How a key is kept, in words. */
export const kept = ({ encryption }: KeyDescription): string => WORDS[encryption];

const WORDS: Readonly<Record<KeyDescription["encryption"], string>> = {
  none: "plain",
  nacl: "encrypted",
  "ansible-vault": "encrypted (Ansible Vault)",
  fernet: "encrypted (obsolete)",
  absent: "public half only",
};
