import {
  commit,
  createBranch,
  createRepo,
  datasetInfo,
  downloadFile,
  HubApiError,
  listFiles,
  modelInfo,
} from "@huggingface/hub";
import { z } from "zod";
import { boundedFetch, headBoundedFetch } from "#shared/blobs/bounded-fetch.js";
import { ANSWER_MS, type Attempt, attemptsUntil, blobPieces, remoteAttempts } from "#shared/blobs/remote-fault.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { allowsPrivateAddresses } from "#shared/util/public-address.js";
import type { HubAddress } from "./hub-address.js";
import { collectListing, type HubFile } from "./hub-file.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A repository at one commit. */
export interface HubRevision {
  /** The commit, 40 hex digits. */
  readonly commit: string;
  readonly isPrivate: boolean;
}

export type HubChange =
  | { readonly operation: "addOrUpdate"; readonly path: string; readonly content: Blob }
  | { readonly operation: "delete"; readonly path: string };

/**
 * A repository of the Hub. Every method throws HUB_FAILED for what the service does wrong, FETCH_REFUSED_ADDRESS
 * where it sends its client to no public address, and waits for none of its answers for ever.
 */
export interface HubRepository {
  /** What a branch, a tag or a commit is now; null where the Hub shows no such thing. */
  revision(name: string): Promise<HubRevision | null>;
  /** All files of a commit; their names lead nowhere else. @throws BlockZeroError HUB_LISTING_INVALID */
  files(commit: string): Promise<readonly HubFile[]>;
  /** A file's bytes from a position on, at most `size` in all. */
  download(file: HubFile, commit: string, from: number): AsyncIterable<Uint8Array>;
  create(visibility: "public" | "private"): Promise<void>;
  createBranch(branch: string): Promise<void>;
  /** Makes a commit on top of a parent; null where somebody else committed meanwhile. */
  commit(branch: string, message: CommitMessage, parent: string, changes: readonly HubChange[]): Promise<string | null>;
}

export interface CommitMessage {
  readonly title: string;
  readonly description: string;
}

const infoSchema = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/), private: z.boolean() });

export interface HubOptions {
  /** HF_TOKEN, HF_ENDPOINT for another hub, and BLOCKZERO_ALLOW_PRIVATE_ADDRESSES where that one keeps files on private networks. */
  readonly env: Environment;
  /** Milliseconds that the Hub has for an answer. */
  readonly answerMs?: number | undefined;
  /** Whether the Hub may send its client to loopback and private networks; by the environment if not given. */
  readonly allowPrivateAddresses?: boolean | undefined;
  /** Ends every request, and every wait for one, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws BlockZeroError HUB_FAILED where HF_ENDPOINT is no URL */
export const openHub = (
  { kind, name }: Pick<HubAddress, "kind" | "name">,
  { env, answerMs = ANSWER_MS, allowPrivateAddresses = allowsPrivateAddresses(env), signal }: HubOptions,
): HubRepository => {
  const token = hubToken(env);
  const hubUrl = (env.HF_ENDPOINT?.trim() || "https://huggingface.co").replace(/\/+$/, "");
  const origin = originOf(hubUrl);
  const answered = remoteAttempts(`hf://${kind === "dataset" ? "datasets/" : ""}${name}`, [token], answerMs, {
    code: "HUB_FAILED",
    hint: "check the address, HF_TOKEN and the connection, then run it again: it goes on where it stopped",
  });
  const attempt = attemptsUntil(answered, signal);
  const bounds = { answerMs, token, origin, allowPrivateAddresses, signal };
  const hub = { hubUrl, fetch: boundedFetch(bounds), ...(token !== undefined && { accessToken: token }) };
  const target = { ...hub, repo: { type: kind, name } as const };
  const info = (revision: string): Promise<unknown> =>
    kind === "model"
      ? modelInfo({ ...hub, name, revision, additionalFields: ["sha"] })
      : datasetInfo({ ...hub, name, revision, additionalFields: ["sha"] });

  return {
    revision: (revision) =>
      attempt(async () => {
        try {
          const { sha, private: isPrivate } = infoSchema.parse(await info(revision));
          return { commit: sha, isPrivate };
        } catch (thrown) {
          if (statusOf(thrown) === 404) return null;
          throw thrown instanceof z.ZodError ? new TypeError("the Hub named no commit") : thrown;
        }
      }),
    files: async (revision) => {
      const fetch = pagedFetch(hub.fetch);
      const entries = listFiles({ ...target, fetch, recursive: true, revision })[Symbol.asyncIterator]();
      const { files, add } = collectListing();
      for (;;) {
        const next = await attempt(() => entries.next());
        if (next.done) return files;
        add(next.value);
      }
    },
    async *download({ path, size }, revision, from) {
      const over = new AbortController();
      const fetch = headBoundedFetch(bounds, over.signal);
      try {
        const blob = await attempt(() =>
          downloadFile({ ...target, fetch, path: encodePath(path), revision, xet: false }),
        );
        if (blob === null) throw new BlockZeroError("HUB_FAILED", `the Hub lists ${path} and has none`, "try again");
        if (blob.size !== size) throw sizeDiffers(path, size, blob.size);
        if (from < size) yield* pieces(attempt, blob.slice(from, size), path, size - from);
      } finally {
        over.abort();
      }
    },
    create: (visibility) =>
      attempt(async () => void (await createRepo({ ...target, visibility, accessToken: token ?? "" }))),
    createBranch: (branch) => attempt(() => createBranch({ ...target, branch })),
    commit: (branch, { title, description }, parentCommit, operations) => {
      const bytes = operations.reduce((sum, change) => sum + ("content" in change ? change.content.size : 0), 0);
      return attempt(async (abortSignal) => {
        try {
          const made = await commit({
            ...target,
            branch,
            title,
            description,
            parentCommit,
            operations: [...operations],
            abortSignal,
          });
          return made?.commit.oid ?? null;
        } catch (thrown) {
          if (statusOf(thrown) === 409 || statusOf(thrown) === 412) return null;
          throw thrown;
        }
      }, bytes);
    },
  };
};

/** Pages of a listing: each names the next, and an empty one may too. */
const MAX_PAGES = 200;

/** `fetch` of a listing that ends. */
const pagedFetch = (fetch: typeof globalThis.fetch): typeof globalThis.fetch => {
  let pages = 0;
  return async (input, init) => {
    if (++pages > MAX_PAGES) throw new Error(`its list of files has more than ${MAX_PAGES} pages`);
    return fetch(input, init);
  };
};

/** The token that the environment holds for the Hub. */
export const hubToken = (env: Environment): string | undefined => env.HF_TOKEN?.trim() || undefined;

async function* pieces(attempt: Attempt, part: Blob, path: string, expected: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of blobPieces(attempt, part)) {
    bytes += piece.length;
    if (bytes > expected) throw sizeDiffers(path, expected, bytes);
    yield piece;
  }
}

const sizeDiffers = (path: string, listed: number, given: number) =>
  new BlockZeroError(
    "HUB_CONTENT_MISMATCH",
    `the Hub lists ${path} with ${listed} bytes and gives ${given}`,
    "try again; take another repository where it stays so",
  );

/** A file's name inside a URL. */
const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

const originOf = (url: string): string => {
  if (URL.canParse(url)) return new URL(url).origin;
  throw new BlockZeroError(
    "HUB_FAILED",
    "HF_ENDPOINT is no URL",
    "write one such as https://huggingface.co, or unset it",
  );
};

const statusOf = (thrown: unknown): number | undefined =>
  thrown instanceof HubApiError ? thrown.statusCode : undefined;
