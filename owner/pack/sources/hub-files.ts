import { join } from "node:path";
import { kindOf } from "#shared/documents/formats.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type Environment, openHub } from "#shared/hub/hub.js";
import { formatHubAddress, parseHubAddress } from "#shared/hub/hub-address.js";
import { pullFolder } from "#shared/hub/pull.js";
import { localFiles } from "./local-files.js";
import type { SourceFile } from "./source-file.js";

const PINNED = /^(?<address>hf:\/\/datasets\/[^@]+@[0-9a-f]{40})(?:\/(?<within>.+))?$/;

/**
 * The files of documents of a data set of the Hub at a commit, fetched into a folder: `hf://datasets/owner/name@<commit>[/path]`, where the path is
 * a file or a folder of it. What is there already is not fetched again.
 *
 * @throws BlockZeroError PACK_UNPINNED where the address names no commit, DATASET_EMPTY, and what `pullFolder` throws
 */
export const hubFiles = async (
  source: string,
  { folder, env, isPulled }: { readonly folder: string; readonly env: Environment; readonly isPulled: boolean },
): Promise<readonly SourceFile[]> => {
  const groups = PINNED.exec(source)?.groups;
  if (!groups) throw await unpinned(source, env);
  const address = parseHubAddress(groups.address!);
  const within = groups.within?.replace(/\/+$/, "");
  const isWanted = (path: string): boolean =>
    kindOf(path) !== null && (within === undefined || path === within || path.startsWith(`${within}/`));
  if (!isPulled) {
    const { files } = await pullFolder(address, folder, { env, wants: isWanted });
    if (files.length === 0)
      throw new BlockZeroError(
        "DATASET_EMPTY",
        `${source} has no file of documents`,
        "name a path with .jsonl, .json, .txt or .parquet files; the first three may end in .gz or .zst",
      );
  }
  return localFiles(folder).map((file) => ({
    ...file,
    name: `${groups.address}/${file.path.slice(join(folder, "/").length)}`,
    // Its hash was checked when it came; when that was does not matter.
    version: `${file.bytes} ${groups.address}`,
  }));
};

const unpinned = async (source: string, env: Environment): Promise<BlockZeroError> => {
  const address = parseHubAddress(source);
  if (address.kind !== "dataset")
    return new BlockZeroError("PACK_UNPINNED", `${source} is no data set`, "write hf://datasets/owner/name@<commit>");
  const wanted = address.revision ?? "main";
  const found = await openHub(address, { env }).revision(wanted);
  return found === null
    ? new BlockZeroError(
        "HUB_NOT_FOUND",
        `the Hub shows no ${formatHubAddress(address, wanted)}`,
        "check the name and the revision; a private repository needs HF_TOKEN",
      )
    : new BlockZeroError(
        "PACK_UNPINNED",
        `${source} names no commit, and what it means may change`,
        `write ${formatHubAddress(address, found.commit)}`,
      );
};
