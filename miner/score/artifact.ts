import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { ownHome } from "#shared/files/own-home.js";
import { openRegularFile, readSmallFile } from "#shared/files/regular-file.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { isHash, sha256 } from "#shared/protocol/hash.js";
import { MAX_MANIFEST_BYTES, parseUpdateManifest, type UpdateManifest } from "#shared/protocol/manifest.js";
import { shortHash } from "#shared/protocol/records.js";
import { minerJournalSchema } from "../journal.js";

/** An update on this machine that is to be scored. */
export interface LocalArtifact {
  readonly file: string;
  /** Null for tensors without a manifest. */
  readonly signed: SignedPart | null;
  /** Where its tensors are. */
  readonly tensors: string;
}

export interface SignedPart {
  readonly artifact: string;
  readonly bytes: Uint8Array;
  /** Null where the bytes are no manifest. */
  readonly manifest: UpdateManifest | null;
}

export interface Shelves {
  /** Blob folders that are searched. */
  readonly folders: readonly string[];
  /** The miner's address, and the hash of the network file; null without a wallet. */
  readonly miner: { readonly address: string; readonly network: string } | null;
  /** Whether the miner's dry runs are meant. */
  readonly isDry?: boolean;
}

/**
 * @param wanted a file (the signed manifest, or its tensors alone), an artifact's hash, or a cycle; unset: the miner's newest artifact
 * @throws BlockZeroError ARTIFACT_UNKNOWN, TENSORS_MISSING, FILE_UNREADABLE, FILE_TOO_LARGE, JOURNAL_MALFORMED
 */
export const findArtifact = async (wanted: string | undefined, shelves: Shelves): Promise<LocalArtifact> => {
  const file = wanted !== undefined && existsSync(wanted) ? wanted : storedFile(wanted, shelves);
  if (!(await isManifest(file))) return { file, signed: null, tensors: file };
  const bytes = await readSmallFile(file, MAX_MANIFEST_BYTES);
  const parsed = parseUpdateManifest(bytes);
  const manifest = parsed.ok ? parsed.value : null;
  const signed = { artifact: sha256(bytes), bytes, manifest };
  if (manifest === null) return { file, signed, tensors: file };
  const tensors = beside(file, manifest.tensors, shelves.folders);
  if (tensors === undefined)
    throw new BlockZeroError(
      "TENSORS_MISSING",
      `the tensors ${manifest.tensors} that ${file} names are not here`,
      "leave the manifest in the blobs folder that the miner wrote it to, or put its tensors beside it under their hash",
    );
  return { file, signed, tensors };
};

const storedFile = (wanted: string | undefined, shelves: Shelves): string => {
  const hash = wanted !== undefined && isHash(wanted) ? wanted : packedArtifact(wanted, shelves);
  const stored = shelves.folders.map((folder) => join(folder, hash.slice(0, 2), hash)).find((path) => existsSync(path));
  if (stored !== undefined) return stored;
  throw unknown(`artifact ${hash} is not kept here`, "name a file, or a newer cycle");
};

/** Refuses at once what names nothing. @throws BlockZeroError ARTIFACT_UNKNOWN */
export const checkName = (wanted: string | undefined): void => {
  if (wanted === undefined || existsSync(wanted) || isHash(wanted) || /^\d+$/.test(wanted)) return;
  throw unknown(`there is no file ${wanted}`, "name a file, an artifact's hash, or a cycle that this miner trained in");
};

/** What the miner's own journal says it packed in a cycle, or packed last. */
const packedArtifact = (wanted: string | undefined, { folders, miner, isDry = false }: Shelves): string => {
  if (miner === null)
    throw unknown(
      "whose artifacts are meant is not known without a wallet",
      "name a file, or the hotkey with --wallet.hotkey",
    );
  const own = ownHome("/", miner.address, isDry);
  const homes = folders.map((folder) => dirname(folder)).filter((home) => resolve(home).endsWith(own));
  const packed = homes
    .map((home) => openJournal(join(home, shortHash(miner.network), "miner.json"), minerJournalSchema).value.cycles)
    .flatMap((cycles) => Object.entries(cycles))
    .flatMap(([cycle, { artifact }]) => (artifact === undefined ? [] : [{ cycle: Number(cycle), artifact }]))
    .sort((a, b) => b.cycle - a.cycle);
  const found = wanted === undefined ? packed[0] : packed.find(({ cycle }) => cycle === Number(wanted));
  if (found) return found.artifact;
  throw unknown(
    wanted === undefined
      ? `${miner.address} packed nothing here${isDry ? " in dry runs" : ""}`
      : `${miner.address} packed nothing in cycle ${wanted}`,
    packed.length === 0
      ? `check checkpoint_dir and the wallet, ${isDry ? "" : "say --dry_run for what a dry run made, "}or name a file`
      : `name one of cycles ${packed.map(({ cycle }) => cycle).join(", ")}`,
  );
};

const unknown = (problem: string, hint: string) => new BlockZeroError("ARTIFACT_UNKNOWN", problem, hint);

/** Manifests are JSON objects; no safetensors file that a gate accepts begins as one. */
const isManifest = async (path: string): Promise<boolean> => {
  const file = await openRegularFile(path);
  try {
    const first = new Uint8Array(Math.min(1, file.size));
    await file.fill(first, 0);
    return first[0] === 0x7b;
  } finally {
    await file.close();
  }
};

/** In the manifest's own folder, in the store that it is in, or in any other. */
const beside = (manifest: string, hash: string, folders: readonly string[]): string | undefined => {
  const folder = dirname(manifest);
  const stores = [dirname(folder), ...folders].map((store) => join(store, hash.slice(0, 2), hash));
  return [join(folder, hash), join(folder, `${hash}.safetensors`), ...stores].find((path) => existsSync(path));
};
