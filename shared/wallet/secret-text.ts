import { DEV_PHRASE } from "@polkadot/keyring/defaults";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Secret } from "./key-document.js";
import { parseMnemonic } from "./mnemonic.js";

/**
 * A secret as it was typed: a mnemonic, after which a path of derivation may stand, `//hard` or `/soft` steps as Substrate writes
 * them. A path alone is of Substrate's development phrase: `//Alice`, a key that everybody has.
 * Throws `BlockZeroError` MNEMONIC_INVALID, DERIVATION_INVALID, which quote nothing.
 */
export const parseSecret = (text: string): Secret => {
  const at = text.indexOf("/");
  if (at < 0) return { phrase: parseMnemonic(text) };
  const words = text.slice(0, at).trim();
  const phrase = words === "" ? DEV_PHRASE : parseMnemonic(words);
  const path = text.slice(at).trim();
  if (/^(\/{1,2}[^/\s]+)+$/.test(path)) return { phrase, path };
  throw new BlockZeroError(
    "DERIVATION_INVALID",
    "the path after the mnemonic is not one of derivation",
    "write steps such as //Alice or //validators//1, without a password",
  );
};
