import { openAsBlob } from "node:fs";
import { Readable } from "node:stream";
import { commit, downloadFile, HubApiError, listFiles, modelInfo } from "@huggingface/hub";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import type { ByteRange } from "#shared/files/byte-range.js";
import { hashBytes, isHash, sha256 } from "#shared/protocol/hash.js";
import { allowsPrivateAddresses } from "#shared/util/public-address.js";
import type { BlobStore } from "./blob-store.js";
import { boundedFetch, headBoundedFetch } from "./bounded-fetch.js";
import {
  ANSWER_MS,
  type Attempt,
  attemptsUntil,
  blobPieces,
  credential,
  type RemoteOptions,
  remoteAttempts,
  wholeBlob,
} from "./remote-fault.js";

const BRANCH = "main";

/** What a hub answers where the token or the repository's name is wrong. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404]);

/**
 * A store in a private model repository of the Hugging Face Hub: `blob/ab/ab…` by hash. It reads at the revision that it last saw or made,
 * never at a moving branch. A commit names that revision as its parent, and is retried once if somebody else committed meanwhile. Anyone
 * can list a public repository, and so read an artifact before its reveal. A public repository is therefore refused, and nothing is put into
 * one that was not seen to be private.
 *
 * The environment gives HF_TOKEN, HF_ENDPOINT for another hub, and BLOCKZERO_ALLOW_PRIVATE_ADDRESSES where that one keeps files on private networks.
 *
 * @throws BlockZeroError STORE_CREDENTIALS_MISSING, STORE_PUBLIC, STORE_FAILED; its methods STORE_FAILED
 */
export const openHuggingFaceStore = async (
  repo: string,
  env: Readonly<Record<string, string | undefined>>,
  { answerMs, onDown, signal }: RemoteOptions = {},
): Promise<BlobStore> => {
  const accessToken = credential(env, "HF_TOKEN");
  const answered = attemptsUntil(remoteAttempts(`hf://${repo}`, [accessToken], answerMs), signal);
  /** A store's faults have one code, also where the hub sends its client where nobody may. */
  const attempt: Attempt = async (work, bytes) => {
    try {
      return await answered(work, bytes);
    } catch (thrown) {
      if (!hasCode(thrown, "FETCH_REFUSED_ADDRESS")) throw thrown;
      throw new BlockZeroError("STORE_FAILED", `hf://${repo}: ${thrown.message}`, thrown.hint);
    }
  };
  const hubUrl = (env.HF_ENDPOINT?.trim() || "https://huggingface.co").replace(/\/+$/, "");
  const { origin } = await attempt(async () => new URL(hubUrl));
  const allowPrivateAddresses = allowsPrivateAddresses(env);
  const bounds = { answerMs: answerMs ?? ANSWER_MS, token: accessToken, origin, allowPrivateAddresses, signal };
  const hub = { accessToken, hubUrl, fetch: boundedFetch(bounds) };
  const target = { ...hub, repo: { type: "model" as const, name: repo } };

  /** Whether the hub knows no such token or repository, which waiting does not mend. */
  let isRefused = false;
  /** The newest revision. */
  const newest = () =>
    attempt(async () => {
      const asked = modelInfo({ ...hub, name: repo, revision: BRANCH, additionalFields: ["sha"] });
      const info = await asked.catch((thrown: unknown) => {
        isRefused = REFUSALS.has(statusOf(thrown) ?? 0);
        throw thrown;
      });
      if (!info.private)
        throw new BlockZeroError(
          "STORE_PUBLIC",
          `hf://${repo} is public: everybody could read an artifact before its reveal`,
          "make the repository private; your own server hands on what others may have",
        );
      if (!/^[0-9a-f]{40}$/.test(info.sha ?? "")) throw new TypeError("the hub named no revision");
      return info.sha;
    });
  let revision: string | null = null;
  const known = async (): Promise<string> => {
    revision ??= await newest();
    return revision;
  };
  try {
    await known();
  } catch (thrown) {
    if (onDown === undefined || isRefused || !hasCode(thrown, "STORE_FAILED")) throw thrown;
    onDown(thrown);
  }

  let writing: Promise<unknown> = Promise.resolve();
  /** One commit at a time. */
  const write = (
    operation: Parameters<typeof commit>[0]["operations"][number],
    title: string,
    bytes = 0,
    over?: AbortSignal,
  ): Promise<void> => {
    const send = async (abortSignal: AbortSignal) => {
      const parentCommit = await known();
      const change = { branch: BRANCH, title, parentCommit, operations: [operation] };
      const made = await commit({ ...target, ...change, abortSignal });
      if (made !== undefined) revision = made.commit.oid;
    };
    const sendOnTop = async (ended: AbortSignal) => {
      ended.throwIfAborted();
      try {
        await send(ended);
      } catch (thrown) {
        if (statusOf(thrown) !== 409 && statusOf(thrown) !== 412) throw thrown;
        revision = await newest();
        await send(ended);
      }
    };
    const work = () => attemptsUntil(attempt, over)(sendOnTop, bytes);
    const done = writing.then(work, work);
    writing = done;
    return done;
  };

  /** @param over ends what the file's bytes come by */
  const find = async (hash: string, over: AbortSignal): Promise<Blob | null> => {
    const at = { ...target, path: pathOf(hash), revision: await known(), xet: false };
    return attempt(() => downloadFile({ ...at, fetch: headBoundedFetch(bounds, over) }));
  };
  const withFile = async <T>(hash: string, work: (file: Blob | null) => T | Promise<T>): Promise<T> => {
    const over = new AbortController();
    try {
      return await work(await find(hash, over.signal));
    } finally {
      over.abort();
    }
  };
  const has = (hash: string) => withFile(hash, (file) => file !== null);

  return {
    has,
    size: (hash) => withFile(hash, (file) => file?.size ?? null),
    get: (hash) =>
      withFile(hash, async (file) => {
        if (file === null) return null;
        const bytes = await attempt(() => wholeBlob(blobPieces(attempt, file), file.size), file.size);
        return sha256(bytes) === hash ? bytes : null;
      }),
    stream: (hash, range) => Readable.from(pieces(attempt, (over) => find(hash, over), range)),
    put: async (bytes) => {
      const hash = sha256(bytes);
      const content = new Blob([new Uint8Array(bytes)]);
      if (!(await has(hash)))
        await write({ operation: "addOrUpdate", path: pathOf(hash), content }, `Add ${hash}`, bytes.length);
      return hash;
    },
    putFile: async (path, hash, over) => {
      const content = await openAsBlob(path);
      const isThere = await has(hash);
      over?.throwIfAborted();
      if (!isThere)
        await write({ operation: "addOrUpdate", path: pathOf(hash), content }, `Add ${hash}`, content.size, over);
    },
    delete: async (hash) => {
      if (await has(hash)) await write({ operation: "delete", path: pathOf(hash) }, `Delete ${hash}`);
    },
    list: async function* () {
      const files = listFiles({ ...target, recursive: true, revision: await known() })[Symbol.asyncIterator]();
      for (;;) {
        const next = await attempt(() => files.next());
        if (next.done) return;
        const [folder, , name = ""] = next.value.path.split("/");
        if (next.value.type === "file" && folder === "blob" && isHash(name)) yield name;
      }
    },
  };
};

/** @throws BlockZeroError HASH_INVALID */
const pathOf = (hash: string): string => {
  hashBytes(hash);
  return `blob/${hash.slice(0, 2)}/${hash}`;
};

async function* pieces(
  attempt: Attempt,
  find: (over: AbortSignal) => Promise<Blob | null>,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  const over = new AbortController();
  try {
    const file = await find(over.signal);
    if (file === null) throw new BlockZeroError("STORE_FAILED", "the blob is not there", "put it first");
    yield* blobPieces(attempt, range === undefined ? file : file.slice(range.start, range.end));
  } finally {
    over.abort();
  }
}

const statusOf = (thrown: unknown): number | undefined =>
  thrown instanceof HubApiError ? thrown.statusCode : undefined;
