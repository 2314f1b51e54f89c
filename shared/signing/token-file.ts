import { createHash, timingSafeEqual } from "node:crypto";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSecretFile } from "#shared/wallet/index.js";

/** A token that programs show to their signer, in a file of its own. */
const TOKEN = /^[\x21-\x7e]{32,256}$/;

/**
 * The token in a file, without the line's end. Throws `BlockZeroError` SIGNER_TOKEN_INVALID, and WALLET_MODE where others than its owner can
 * reach the file, WALLET_UNREADABLE. No message holds anything of the token.
 */
export const readToken = async (file: string): Promise<string> => {
  const text = (await readSecretFile(file))?.toString("utf8").replace(/\r?\n$/, "");
  if (text !== undefined && TOKEN.test(text)) return text;
  throw new BlockZeroError(
    "SIGNER_TOKEN_INVALID",
    text === undefined ? `there is no token at ${file}` : `${file} holds no token`,
    `put one line of 32 to 256 characters without spaces there: openssl rand -hex 32 > ${file}`,
  );
};

/** Whether an `Authorization` header shows the token; takes as long whatever it says. */
export const showsToken = (header: string | undefined, token: string): boolean =>
  timingSafeEqual(digest(header ?? ""), digest(`Bearer ${token}`));

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
