import { mnemonicGenerate, mnemonicValidate } from "@polkadot/util-crypto";
import english from "@polkadot/util-crypto/mnemonic/wordlists/en";
import { BlockZeroError } from "#shared/errors/error.js";

export const MNEMONIC_LENGTHS = [12, 15, 18, 21, 24] as const;
export type MnemonicLength = (typeof MNEMONIC_LENGTHS)[number];

const known = new Set(english);

/** A fresh BIP-39 phrase of English words. */
export const newMnemonic = (words: MnemonicLength): string => mnemonicGenerate(words);

/**
 * A phrase as it was typed, in lower case with single spaces. Throws `BlockZeroError` MNEMONIC_INVALID, which tells the
 * word that is wrong by its position alone: a phrase with one wrong word is still a secret.
 */
export const parseMnemonic = (text: string): string => {
  const words = text.normalize("NFKD").toLowerCase().trim().split(/\s+/);
  if (!MNEMONIC_LENGTHS.some((length) => length === words.length)) {
    const count = words[0] === "" ? "no words" : words.length === 1 ? "1 word" : `${words.length} words`;
    throw invalid(`the mnemonic has ${count}`, `give its ${MNEMONIC_LENGTHS.join(", ")} words in one line`);
  }
  const wrong = words.flatMap((word, index) => (known.has(word) ? [] : [index + 1]));
  if (wrong.length > 0) {
    throw invalid(
      `${wrong.length === 1 ? "word" : "words"} ${wrong.join(", ")} of the mnemonic ${wrong.length === 1 ? "is" : "are"} not in BIP-39's English list`,
      "look for a spelling mistake there",
    );
  }
  const phrase = words.join(" ");
  if (mnemonicValidate(phrase)) return phrase;
  throw invalid(
    "the mnemonic's checksum is wrong: a word is another than it was, or their order is",
    "compare it word by word with your copy",
  );
};

const invalid = (message: string, hint: string) => new BlockZeroError("MNEMONIC_INVALID", message, hint);
