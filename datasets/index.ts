import type { DocumentSource } from "#shared/data/source.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { nearest } from "#shared/util/nearest.js";
import { openArithmetic } from "./arithmetic.js";
import { sourceDigest } from "./digest.js";
import { openJsonl } from "./jsonl.js";
import { openMobyDick } from "./moby-dick.js";
import { openStateOfTheUnion } from "./sotu.js";

/** A data source as a network file or an operator names it. */
export interface SourceName {
  readonly kind: string;
  readonly path?: string | undefined;
  /** What it must hold: a file's SHA-256, or a source's `sourceDigest`; unset: anything. */
  readonly sha256?: string | undefined;
}

const builtIn: Readonly<Record<string, () => DocumentSource>> = {
  arithmetic: openArithmetic,
  "moby-dick": openMobyDick,
  sotu: openStateOfTheUnion,
};

/** Sources that come with the toolkit. */
export const builtInKinds: readonly string[] = Object.keys(builtIn);

/** What `kind` may be. */
export const sourceKinds: readonly string[] = [...builtInKinds, "jsonl", "pack"];

const opened = new Map<string, DocumentSource>();

/**
 * Opens a source by name; the ones that come with the toolkit, and files whose content is named, are opened once a process.
 *
 * @throws BlockZeroError UNKNOWN_DATASET, DATASET_PATH_MISSING, DATASET_PATH_UNEXPECTED, DATASET_VERSION, and what `openJsonl` throws
 */
export const openSource = ({ kind, path, sha256 }: SourceName): DocumentSource => {
  if (kind === "jsonl") {
    if (path !== undefined) return openFile(path, sha256);
    throw new BlockZeroError(
      "DATASET_PATH_MISSING",
      'the source "jsonl" has no path',
      'name a file with one {"text": …} a line',
    );
  }
  const open = Object.hasOwn(builtIn, kind) ? builtIn[kind] : undefined;
  if (open === undefined) throw unknownKind(kind);
  if (path !== undefined) {
    throw new BlockZeroError(
      "DATASET_PATH_UNEXPECTED",
      `the source "${kind}" comes with the toolkit and takes no path, but has "${path}"`,
      "remove the path, or use the kind jsonl for a file of your own",
    );
  }
  const source = opened.get(kind) ?? open();
  opened.set(kind, source);
  if (sha256 !== undefined) checkVersion(source, sha256);
  return source;
};

const openFile = (path: string, sha256: string | undefined): DocumentSource => {
  if (sha256 === undefined) return openJsonl(path);
  const key = `${sha256} ${path}`;
  const source = opened.get(key) ?? openJsonl(path, { sha256 });
  opened.set(key, source);
  return source;
};

const checkVersion = (source: DocumentSource, sha256: string): void => {
  const digest = sourceDigest(source);
  if (digest === sha256) return;
  throw new BlockZeroError(
    "DATASET_VERSION",
    `the network file names the source "${source.kind}" as ${sha256.slice(0, 8)}, this toolkit has ${digest.slice(0, 8)}`,
    "install the version of BlockZero that the subnet's owner names",
  );
};

const unknownKind = (kind: string): BlockZeroError => {
  const near = nearest(kind, sourceKinds);
  return new BlockZeroError(
    "UNKNOWN_DATASET",
    `no data source is called "${kind}"${near === undefined ? "" : `, did you mean "${near}"?`}`,
    `use one of ${sourceKinds.join(", ")}`,
  );
};
