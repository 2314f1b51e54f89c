import { createHash } from "node:crypto";
import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import { quote } from "#shared/protocol/parsed.js";

/** A file of a repository, as the Hub lists it. */
export interface HubFile {
  /** Relative, with `/`; leads nowhere else. */
  readonly path: string;
  readonly size: number;
  /** What its content must have: SHA-256 of a large file, Git's object id of a small one. */
  readonly digest: HubDigest;
}

export interface HubDigest {
  readonly kind: "sha256" | "git";
  /** Lower-case hex digits. */
  readonly hex: string;
}

/** Files that a repository may have: more are no checkpoint. */
const MAX_FILES = 10_000;
/** Entries of a listing, folders among them. */
const MAX_ENTRIES = 2 * MAX_FILES;

const listedSchema = z.object({
  type: z.string(),
  path: z.string(),
  size: z.int().min(0).optional(),
  oid: z.string().optional(),
  lfs: z.object({ oid: z.string(), size: z.int().min(0) }).optional(),
});

/** A step of a path: no way up, nothing hidden from a terminal, no separator of any system, no drive. */
const SEGMENT = /^(?!\.{1,2}$)[^/\\:\p{C}]{1,200}$/u;

/** One entry of a listing: null for what is no file. */
const parseListed = (entry: unknown): HubFile | null => {
  const parsed = listedSchema.safeParse(entry);
  if (!parsed.success) throw invalid("an entry is no file");
  const { type, path, size, oid, lfs } = parsed.data;
  if (type !== "file") return null;
  const segments = path.split("/");
  if (segments.length > 16 || !segments.every((segment) => SEGMENT.test(segment)))
    throw invalid(`the file ${quote(path)} would lie outside its folder`);
  const digest: HubDigest = lfs ? { kind: "sha256", hex: lfs.oid } : { kind: "git", hex: oid ?? "" };
  if (!(digest.kind === "sha256" ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(digest.hex))
    throw invalid(`the file ${quote(path)} has no hash`);
  return { path, size: lfs?.size ?? size ?? 0, digest };
};

/**
 * Collects a listing, and refuses what no folder can hold: too many files, or two of one name to a file system that knows no capitals.
 *
 * @throws BlockZeroError HUB_LISTING_INVALID
 */
export const collectListing = () => {
  const files: HubFile[] = [];
  const seen = new Set<string>();
  let entries = 0;
  return {
    files,
    add: (entry: unknown): void => {
      if (++entries > MAX_ENTRIES) throw invalid(`it has more than ${MAX_ENTRIES} entries`);
      const file = parseListed(entry);
      if (file === null) return;
      const folded = file.path.normalize("NFC").toLowerCase();
      if (seen.has(folded)) throw invalid(`two files are called ${quote(file.path)}`);
      if (files.length === MAX_FILES) throw invalid(`it has more than ${MAX_FILES} files`);
      seen.add(folded);
      files.push(file);
    },
  };
};

/** A running hash of the kind that a listing names. */
export const digestOf = ({ kind }: HubDigest, size: number) => {
  const hash = createHash(kind === "sha256" ? "sha256" : "sha1");
  if (kind === "git") hash.update(`blob ${size}\0`);
  return hash;
};

const invalid = (problem: string) =>
  new BlockZeroError("HUB_LISTING_INVALID", `the Hub's list of files: ${problem}`, "take another repository");
