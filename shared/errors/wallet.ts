import type { ErrorEntries } from "./entry.js";

export const walletErrors = {
  DERIVATION_INVALID: {
    meaning: "The path after a mnemonic is not a derivation path.",
    remedy: "Write steps such as `//Alice` or `//validators//1`.",
  },
  MNEMONIC_INVALID: { meaning: "The words are no mnemonic.", remedy: "Check each word and their order." },
  MNEMONIC_NEEDED: {
    meaning: "No mnemonic was given.",
    remedy: "Type it at the prompt, or give it on standard input or in the environment.",
  },
  SECRET_IN_ARGUMENTS: {
    meaning: "A secret was given as an argument, which other processes and the shell's history see.",
    remedy: "Give it at the prompt, on standard input or in the environment, and clear the history.",
  },
  WALLET_ENCRYPTED: {
    meaning: "A key that a program must use unattended is encrypted.",
    remedy: "Make a plain hotkey with `blockzero wallet create --no-coldkey`.",
  },
  WALLET_EXISTS: { meaning: "A key file of this name exists.", remedy: "Choose another name, or move the file away." },
  WALLET_MALFORMED: { meaning: "A key file cannot be read as one.", remedy: "Restore it from a backup or mnemonic." },
  WALLET_MEMORY: {
    meaning: "There is not enough memory to derive a password's key.",
    remedy: "Free some memory; under `ulimit -v` set `NODE_OPTIONS=--disable-wasm-trap-handler`.",
  },
  WALLET_MISMATCH: {
    meaning: "The public file of a key names another address than its key file.",
    remedy: "Move the wrong one away.",
  },
  WALLET_MODE: {
    meaning: "Others may read or write a file that holds a secret.",
    remedy: "Run the `chmod` of the line.",
  },
  WALLET_NAME_INVALID: {
    meaning: "The name of a wallet or hotkey has a character that is not allowed.",
    remedy: "Use letters, digits, `.`, `_` and `-`.",
  },
  WALLET_NOT_FOUND: {
    meaning: "There is no such wallet or hotkey.",
    remedy: "Correct the name, or create it with `blockzero wallet create`.",
  },
  WALLET_PASSWORD_MISMATCH: { meaning: "The two passwords typed differ.", remedy: "Nothing was written: try again." },
  WALLET_PASSWORD_NEEDED: {
    meaning: "A key needs a password, and no terminal is attached.",
    remedy: "Set the variable that the line names.",
  },
  WALLET_PASSWORD_WEAK: { meaning: "The new password is easy to guess.", remedy: "Use four or more words." },
  WALLET_PASSWORD_WRONG: {
    meaning: "The password does not open the key.",
    remedy: "Type it again; without it only the mnemonic helps.",
  },
  WALLET_UNREADABLE: { meaning: "A key file cannot be read.", remedy: "Check its owner and mode." },
  WALLET_UNSUPPORTED: {
    meaning: "A key is of a kind that is not read, such as ed25519.",
    remedy: "Use an sr25519 key, or make it again from its mnemonic.",
  },
  WALLET_UNWRITABLE: { meaning: "A key file cannot be written.", remedy: "Check the folder's owner and mode." },
} as const satisfies ErrorEntries;
