import { openJsonl } from "#datasets/jsonl.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSmallFile } from "#shared/files/regular-file.js";

/** A text file is one document, and is read whole. */
const MAX_TEXT_BYTES = 256 << 20;

/**
 * The documents of a file: of `.jsonl` one a line, as `openJsonl` reads them; any other file is one document of UTF-8.
 *
 * @param limit documents at most
 * @throws BlockZeroError FILE_UNREADABLE, FILE_TOO_LARGE, TEXT_EMPTY, and what `openJsonl` throws
 */
export const readTexts = async (path: string, limit = Number.POSITIVE_INFINITY): Promise<readonly string[]> => {
  if (path.endsWith(".jsonl")) {
    const source = openJsonl(path);
    return Array.from({ length: Math.min(Number(source.size), limit) }, (_, i) => source.document(i));
  }
  const bytes = await readSmallFile(path, MAX_TEXT_BYTES);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (text.trim() !== "") return [text];
  } catch (cause) {
    throw new BlockZeroError("FILE_UNREADABLE", `${path} is no UTF-8 text`, "convert it, or name a .jsonl file", {
      cause,
    });
  }
  throw new BlockZeroError("TEXT_EMPTY", `${path} holds no text`, "name a file that holds some");
};
