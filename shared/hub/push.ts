import { openAsBlob } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import {
  type CommitMessage,
  type HubChange,
  type HubOptions,
  type HubRepository,
  type HubRevision,
  hubToken,
  openHub,
} from "./hub.js";
import { formatHubAddress, type HubAddress } from "./hub-address.js";
import { digestOf, type HubDigest, type HubFile } from "./hub-file.js";

export interface PushOptions extends CommitMessage, HubOptions {
  /** Makes a new repository private, and refuses one that is public. */
  readonly isPrivate: boolean;
  /** Files of the repository that must go where the folder has none of that name. */
  readonly replaces?: (path: string) => boolean;
}

export interface Pushed {
  /** The commit that holds the folder's files. */
  readonly commit: string;
  /** The address of that commit. */
  readonly address: string;
  /** Names of files that were sent; none where the branch held all of them. */
  readonly sent: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Puts a folder's files into a repository in one commit, and looks at what the Hub then lists. A repository or branch that is not there is made.
 * What the branch holds is not sent again, nor what a broken call had uploaded.
 *
 * @throws BlockZeroError HUB_TOKEN_MISSING, HUB_PUBLIC, HUB_FAILED, HUB_LISTING_INVALID, HUB_CONTENT_MISMATCH, FETCH_REFUSED_ADDRESS, FILE_UNREADABLE
 */
export const pushFolder = async (dir: string, address: HubAddress, options: PushOptions): Promise<Pushed> => {
  if (hubToken(options.env) === undefined)
    throw new BlockZeroError(
      "HUB_TOKEN_MISSING",
      "writing to the Hub needs a token",
      "put HF_TOKEN into the environment or .env, never into a configuration file",
    );
  const branch = address.revision ?? "main";
  const hub = openHub(address, options);
  const local = await reading(dir, () => localFiles(dir));
  let head = await openBranch(hub, branch, options.isPrivate);
  for (let attempt = 1; attempt <= COMMIT_ATTEMPTS; attempt++) {
    const { changes, sent, removed } = await reading(dir, () => changesOf(local, head.files, options));
    const commit = changes.length === 0 ? head.commit : await hub.commit(branch, options, head.commit, changes);
    if (commit !== null) {
      await checkKept(hub, commit, local, options.signal);
      return { commit, address: formatHubAddress(address, commit), sent, removed };
    }
    head = await openBranch(hub, branch, options.isPrivate);
  }
  throw new BlockZeroError(
    "HUB_FAILED",
    `others commit to branch ${branch} all the time`,
    "try again, or name another branch",
  );
};

/** Times that a commit is tried where others commit too. */
const COMMIT_ATTEMPTS = 3;

interface LocalFile {
  readonly name: string;
  readonly content: Blob;
}

interface Head extends HubRevision {
  readonly files: readonly HubFile[];
}

/** A branch as it is now, made where there is none. */
const openBranch = async (hub: HubRepository, branch: string, isPrivate: boolean): Promise<Head> => {
  if ((await hub.revision("main")) === null) await hub.create(isPrivate ? "private" : "public");
  if (branch !== "main" && (await hub.revision(branch)) === null) await hub.createBranch(branch);
  const head = await hub.revision(branch);
  if (head === null) throw new BlockZeroError("HUB_FAILED", `the Hub made no branch ${branch}`, "try again");
  if (isPrivate && !head.isPrivate)
    throw new BlockZeroError(
      "HUB_PUBLIC",
      "the repository is public",
      "make it private on the Hub, or leave --private out",
    );
  return { ...head, files: await hub.files(head.commit) };
};

/**
 * Regular files of the folder itself, by name; what is hidden stays here. What is not sent would count as absent, and a link may lead to
 * what nobody means to publish.
 *
 * @throws Error for a link, a pipe and the like, and where there is nothing to send
 */
const localFiles = async (dir: string): Promise<readonly LocalFile[]> => {
  const entries = (await readdir(dir, { withFileTypes: true })).filter(({ name }) => !name.startsWith("."));
  for (const entry of entries) {
    if (entry.isSymbolicLink()) throw new Error(`${entry.name} is a link: push a copy that holds the files (cp -rL)`);
    if (!entry.isFile() && !entry.isDirectory()) throw new Error(`${entry.name} is not a regular file`);
  }
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  if (names.length === 0) throw new Error("it holds no file");
  return Promise.all(names.sort().map(async (name) => ({ name, content: await openAsBlob(join(dir, name)) })));
};

const changesOf = async (
  local: readonly LocalFile[],
  kept: readonly HubFile[],
  { replaces = () => false, signal }: Pick<PushOptions, "replaces" | "signal">,
) => {
  const changes: HubChange[] = [];
  for (const { name, content } of local) {
    const same = kept.find(({ path }) => path === name);
    if (
      same === undefined ||
      same.size !== content.size ||
      (await hexOf(content, same.digest, signal)) !== same.digest.hex
    )
      changes.push({ operation: "addOrUpdate", path: name, content });
  }
  const sent = changes.map(({ path }) => path);
  const names = new Set(local.map(({ name }) => name));
  const removed = kept.map(({ path }) => path).filter((path) => !names.has(path) && replaces(path));
  return { sent, removed, changes: [...changes, ...removed.map((path) => ({ operation: "delete", path }) as const)] };
};

/** What the Hub says that it holds now must be what is here. */
const checkKept = async (
  hub: HubRepository,
  commit: string,
  local: readonly LocalFile[],
  signal: AbortSignal | undefined,
): Promise<void> => {
  const kept = new Map((await hub.files(commit)).map((file) => [file.path, file]));
  for (const { name, content } of local) {
    const file = kept.get(name);
    if (
      file === undefined ||
      file.size !== content.size ||
      (await hexOf(content, file.digest, signal)) !== file.digest.hex
    )
      throw new BlockZeroError(
        "HUB_CONTENT_MISMATCH",
        `the Hub holds other bytes than ${name} has here`,
        "run it again",
      );
  }
};

const hexOf = async (content: Blob, digest: HubDigest, signal: AbortSignal | undefined): Promise<string> => {
  const hash = digestOf(digest, content.size);
  for await (const piece of content.stream()) {
    signal?.throwIfAborted();
    hash.update(piece);
  }
  return hash.digest("hex");
};

const reading = async <T>(dir: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw new BlockZeroError(
      "FILE_UNREADABLE",
      `cannot read ${dir}: ${reasonOf(cause)}`,
      "check its name and permissions",
      {
        cause,
      },
    );
  }
};
