import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Opening a pipe without a writer does not block, so it can be passed over. */
const READING = constants.O_RDONLY | constants.O_NONBLOCK;

/** Bytes of a file's beginning that tell what it is. */
const BEGINNING_BYTES = 512;

const POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n/;

/** What a file is that should be weights or JSON and is neither, in words; null where it is not known. */
export const foreignFile = async (path: string): Promise<string | null> => {
  const file = await open(path, READING).catch(() => null);
  if (file === null) return null;
  try {
    if (!(await file.stat()).isFile()) return null;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING_BYTES), 0, BEGINNING_BYTES, 0);
    return kindOf(buffer.subarray(0, bytesRead));
  } catch {
    return null;
  } finally {
    await file.close();
  }
};

const kindOf = (beginning: Buffer): string | null => {
  const text = beginning.toString("latin1");
  if (POINTER.test(text)) {
    const size = /\nsize (\d{1,15})\n/.exec(text)?.[1];
    return `is a Git LFS pointer to a file${size ? ` of ${size} bytes` : ""}, not that file: run \`git lfs pull\`, or download it from the Hub`;
  }
  if (/^\s*(?:<!doctype html|<html|<head)/i.test(text))
    return "is an HTML page: the download was answered with one, perhaps for want of a login; download it again";
  if (/^\s*\{\s*"error"/.test(text)) return "is a server's error message: download it again";
  if (text.startsWith("PK\x03\x04")) return "is a ZIP archive, as PyTorch saves weights: save them as safetensors";
  if (text.startsWith("GGUF")) return "is a GGUF file: convert it to safetensors";
  return null;
};
