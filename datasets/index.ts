import { nearest } from "#shared/config/nearest.js";
import type { DocumentSource } from "#shared/data/source.js";
import { BlockZeroError } from "#shared/errors.js";
import { openArithmetic } from "./arithmetic.js";
import { openJsonl } from "./jsonl.js";
import { openMobyDick } from "./moby-dick.js";
import { openStateOfTheUnion } from "./sotu.js";

/** A data source as a network file or an operator names it. */
export interface SourceName {
  readonly kind: string;
  readonly path?: string | undefined;
}

const builtIn: Readonly<Record<string, () => DocumentSource>> = {
  arithmetic: openArithmetic,
  "moby-dick": openMobyDick,
  sotu: openStateOfTheUnion,
};

/** What `kind` may be. */
export const sourceKinds: readonly string[] = [...Object.keys(builtIn), "jsonl"];

const opened = new Map<string, DocumentSource>();

/**
 * Opens a source by name; the ones that come with the toolkit are opened once a process.
 *
 * @throws BlockZeroError UNKNOWN_DATASET, DATASET_PATH_MISSING, DATASET_PATH_UNEXPECTED, and what `openJsonl` throws
 */
export const openSource = ({ kind, path }: SourceName): DocumentSource => {
  if (kind === "jsonl") {
    if (path !== undefined) return openJsonl(path);
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
  return source;
};

const unknownKind = (kind: string): BlockZeroError => {
  const near = nearest(kind, sourceKinds);
  return new BlockZeroError(
    "UNKNOWN_DATASET",
    `no data source is called "${kind}"${near === undefined ? "" : `, did you mean "${near}"?`}`,
    `use one of ${sourceKinds.join(", ")}`,
  );
};
