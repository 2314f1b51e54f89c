import { existsSync } from "node:fs";
import { join } from "node:path";
import { kindOf } from "#shared/documents/formats.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type Environment, type HubRevision, openHub } from "#shared/hub/hub.js";
import { formatHubAddress, type HubAddress, parseHubAddress } from "#shared/hub/hub-address.js";
import { pullFolder } from "#shared/hub/pull.js";
import { sha256 } from "#shared/protocol/hash.js";
import { localFiles } from "./local-files.js";
import type { SourceFile } from "./source-file.js";

const PINNED = /^(?<address>hf:\/\/datasets\/[^@]+@[0-9a-f]{40})(?:\/(?<within>.+))?$/;

interface Asking {
  readonly env: Environment;
  /** Ends every wait for the Hub, with its reason. */
  readonly signal: AbortSignal;
}

/**
 * Looks for the files of documents of a data set of the Hub at a commit: `hf://datasets/owner/name@<commit>[/path]`, where the path is a file or a
 * folder of it.
 *
 * @param work where they are fetched to, each source into a folder of its own: what is there already is not fetched again
 * @returns what fetches them, and throws what `pullFolder` throws
 * @throws BlockZeroError PACK_UNPINNED where the address names no commit, DATASET_EMPTY, HUB_NOT_FOUND, HUB_FAILED, HUB_LISTING_INVALID
 */
export const findHubFiles = async (
  source: string,
  { work, ...asking }: Asking & { readonly work: string },
): Promise<() => Promise<readonly SourceFile[]>> => {
  const groups = PINNED.exec(source)?.groups;
  if (!groups) throw await unpinned(source, asking);
  const address = parseHubAddress(groups.address!);
  const within = groups.within?.replace(/\/+$/, "");
  const wants = (path: string): boolean =>
    kindOf(path) !== null && (within === undefined || path === within || path.startsWith(`${within}/`));
  // By what was asked for: what an earlier call fetched for another source is not this one's.
  const folder = join(work, sha256(Buffer.from(source)));
  const isPulled = (): boolean => existsSync(folder);
  if (!isPulled()) {
    const { commit } = await revisionOf(address, asking);
    const listed = await openHub(address, asking).files(commit);
    if (!listed.some(({ path }) => wants(path)))
      throw new BlockZeroError(
        "DATASET_EMPTY",
        `${source} has no file of documents`,
        "name a path with .jsonl, .json, .txt or .parquet files; the first three may end in .gz or .zst",
      );
  }
  return async () => {
    if (!isPulled()) await pullFolder(address, folder, { ...asking, wants });
    return localFiles(folder).map((file) => ({
      ...file,
      name: `${groups.address}/${file.path.slice(join(folder, "/").length)}`,
      // Its hash was checked when it came; when that was does not matter.
      version: `${file.bytes} ${groups.address}`,
    }));
  };
};

const unpinned = async (source: string, asking: Asking): Promise<BlockZeroError> => {
  const address = parseHubAddress(source);
  if (address.kind !== "dataset")
    return new BlockZeroError("PACK_UNPINNED", `${source} is no data set`, "write hf://datasets/owner/name@<commit>");
  const { commit } = await revisionOf(address, asking);
  return new BlockZeroError(
    "PACK_UNPINNED",
    `${source} names no commit, and what it means may change`,
    `write ${formatHubAddress(address, commit)}`,
  );
};

/** @throws BlockZeroError HUB_NOT_FOUND, HUB_FAILED */
const revisionOf = async (address: HubAddress, asking: Asking): Promise<HubRevision> => {
  const wanted = address.revision ?? "main";
  const found = await openHub(address, asking).revision(wanted);
  if (found !== null) return found;
  throw new BlockZeroError(
    "HUB_NOT_FOUND",
    `the Hub shows no ${formatHubAddress(address, wanted)}`,
    "check the name and the revision; a private repository needs HF_TOKEN",
  );
};
