import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";

/** Files made by Bittensor's own wallet library: see tests/interop/wallet.py. */
export interface WalletVectors {
  readonly made_by: string;
  readonly password: string;
  readonly coldkey: string;
  readonly hotkeys: Readonly<Record<string, string>>;
  readonly password_variable: { readonly file: string; readonly name: string; readonly value: string };
  /** Base64 by path. */
  readonly files: Readonly<Record<string, string>>;
}

export const vectors: WalletVectors = JSON.parse(readFileSync("tests/vectors/wallet/btwallet.json", "utf8"));

/** The wallet that the vectors' files are of. */
export const VECTOR_WALLET = "vectors";

export const COLDKEY_PHRASE = `${"abandon ".repeat(11)}about`;

export const temporaryFolder = async (t: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "blockzero-wallet-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** Writes the vectors' files, as private as their maker has them, into a folder of wallets. */
export const placeVectors = async (path: string): Promise<void> => {
  for (const [name, content] of Object.entries(vectors.files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), Buffer.from(content, "base64"), { mode: 0o600 });
  }
};

export const coded = (code: ErrorCode, hint?: RegExp) => (error: unknown) =>
  error instanceof BlockZeroError && error.code === code && (!hint || hint.test(error.hint));
