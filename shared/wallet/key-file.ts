import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { chmod, link, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { ensureFolder } from "#shared/files/ensure-folder.js";

/** No key file is longer than some hundred bytes. */
const MAX_BYTES = 64 * 1024;
const OTHERS = 0o077;
/** Opening a pipe without a writer does not block, so it can be refused. */
const READING = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * The bytes of a file that holds a secret (the caller's to wipe); undefined where there is none. Throws
 * `BlockZeroError` WALLET_MODE where others than its owner can reach it, WALLET_UNREADABLE, WALLET_MALFORMED where it
 * is too long.
 */
export const readSecretFile = async (file: string): Promise<Buffer | undefined> =>
  readFileWith(file, async (mode) => {
    if (process.platform === "win32" || (mode & OTHERS) === 0) return;
    throw new BlockZeroError(
      "WALLET_MODE",
      `${file} holds a secret and can be reached by others (mode ${(mode & 0o7777).toString(8).padStart(4, "0")})`,
      `chmod 600 ${quoted(file)}`,
    );
  });

/** The bytes of a file that holds no secret; undefined where there is none. */
export const readPublicFile = async (file: string): Promise<Buffer | undefined> => readFileWith(file, async () => {});

const readFileWith = async (file: string, check: (mode: number) => Promise<void>): Promise<Buffer | undefined> => {
  try {
    await using handle = await open(file, READING);
    const found = await handle.stat();
    if (!found.isFile()) throw new Error("not a regular file");
    const { mode, size } = found;
    await check(mode);
    if (size > MAX_BYTES) {
      throw new BlockZeroError("WALLET_MALFORMED", `${file} is ${size} bytes long: no key file`, RESTORE);
    }
    return await handle.readFile();
  } catch (error) {
    if (error instanceof BlockZeroError) throw error;
    if (hasErrno(error, "ENOENT") || hasErrno(error, "ENOTDIR")) return undefined;
    throw new BlockZeroError("WALLET_UNREADABLE", `${file}: ${reasonOf(error)}`, "check the file's owner and mode");
  }
};

export const RESTORE = "restore it from your backup, or make it again: blockzero wallet import";

/**
 * Writes a key file whole or not at all, never over another one: mode 0600, in a folder that only its owner can enter.
 * Throws `BlockZeroError` WALLET_EXISTS, WALLET_UNWRITABLE.
 */
export const writeNewFile = async (file: string, content: Uint8Array | string): Promise<void> => {
  const folder = dirname(file);
  const unfinished = join(folder, `.${randomUUID()}.tmp`);
  try {
    await ensureFolder(folder, 0o700);
    await chmod(folder, 0o700);
    try {
      await using handle = await open(unfinished, "wx", 0o600);
      await handle.writeFile(content);
      await handle.sync();
      // Unlike a rename, a link does not replace what has come there in the meantime.
      await link(unfinished, file);
    } finally {
      await rm(unfinished, { force: true });
    }
  } catch (error) {
    if (hasErrno(error, "EEXIST") && isOfLink(error)) throw existing(file);
    throw new BlockZeroError("WALLET_UNWRITABLE", `${file}: ${reasonOf(error)}`, "check the folder's owner and mode");
  }
};

/** The fault of a key that would replace another. */
export const existing = (file: string): BlockZeroError =>
  new BlockZeroError("WALLET_EXISTS", `${file} exists already`, "choose another name, or move the file away");

/** Else it is the folder that cannot be made, where something else has its name. */
const isOfLink = (error: unknown): boolean => error instanceof Error && "syscall" in error && error.syscall === "link";

const hasErrno = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

const quoted = (path: string): string => (/^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`);
