import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { FileRequest } from "#shared/replay/source.js";

/** A file on disk whose bytes do not have the hash it is kept under. */
export interface DamagedFile {
  readonly path: string;
  readonly hash: string;
  readonly bytes: Uint8Array;
}

/** The files that an audit reads: every copy is checked, none is changed. */
export interface AuditFiles {
  /** Sound bytes, from a folder or from whoever serves them. @throws BlockZeroError FETCH_… where there are none */
  fetch(file: FileRequest): Promise<Uint8Array>;
  /** What was recomputed counts as having been had. */
  keep(bytes: Uint8Array): void;
  /** Forgets what was kept, but for these. */
  retain(hashes: ReadonlySet<string>): void;
  /** Sound bytes that are at hand, or null. */
  sound(hash: string): Uint8Array | null;
  /** The damaged copies that were come across since the last call; each is given once. */
  takeDamaged(): readonly DamagedFile[];
}

/**
 * @param folders blob stores, of which every copy of a file is looked at
 * @param remote  asks servers, where there are any
 */
export const openAuditFiles = (
  folders: readonly string[],
  remote?: (file: FileRequest) => Promise<Uint8Array>,
): AuditFiles => {
  const kept = new Map<string, Uint8Array>();
  const damaged = new Map<string, DamagedFile>();
  const named = new Set<string>();

  const copies = (hash: string): Uint8Array | null => {
    let sound: Uint8Array | null = null;
    for (const folder of folders) {
      const path = join(folder, hash.slice(0, 2), hash);
      const bytes = readIfAny(path);
      if (bytes === null) continue;
      if (sha256(bytes) === hash) sound ??= bytes;
      else if (!named.has(path)) damaged.set(path, { path, hash, bytes });
    }
    return sound;
  };

  return {
    async fetch(file) {
      const { hash, maxBytes } = file;
      const bytes = copies(hash) ?? kept.get(hash) ?? (await remote?.(file));
      if (bytes !== undefined && bytes.length <= maxBytes) return bytes;
      if (bytes !== undefined)
        throw new BlockZeroError(
          "FETCH_TOO_LARGE",
          `${hash} has ${bytes.length} bytes, at most ${maxBytes}`,
          "audit what the chain names",
        );
      const isDamaged = [...damaged.keys(), ...named].some((path) => path.endsWith(hash));
      throw isDamaged
        ? new BlockZeroError("FETCH_HASH_MISMATCH", `every copy of ${hash} is damaged`, "restore it from elsewhere")
        : new BlockZeroError("FETCH_NOT_FOUND", `nobody has ${hash} any more`, "audit sooner, or where it is kept");
    },
    keep: (bytes) => void kept.set(sha256(bytes), bytes),
    retain: (hashes) => {
      for (const hash of kept.keys()) if (!hashes.has(hash)) kept.delete(hash);
    },
    sound: (hash) => copies(hash) ?? kept.get(hash) ?? null,
    takeDamaged: () => {
      const found = [...damaged.values()];
      for (const { path } of found) named.add(path);
      damaged.clear();
      return found;
    },
  };
};

const readIfAny = (path: string): Uint8Array | null => {
  try {
    return readFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return null;
    throw thrown;
  }
};
