import { openAsBlob } from "node:fs";
import { Readable } from "node:stream";
import { commit, downloadFile, HubApiError, listFiles, modelInfo } from "@huggingface/hub";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import type { ByteRange } from "#shared/files/byte-range.js";
import { hashBytes, isHash, sha256 } from "#shared/protocol/hash.js";
import type { BlobStore } from "./blob-store.js";
import { type Attempt, blobPieces, credential, type RemoteOptions, remoteAttempts } from "./remote-fault.js";

const BRANCH = "main";

/** What a hub answers where the token or the repository's name is wrong. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404]);

/**
 * A store in a private model repository of the Hugging Face Hub: `blob/ab/ab…` by hash. It reads at the revision that it last saw or made,
 * never at a moving branch. A commit names that revision as its parent, and is retried once if somebody else committed meanwhile. Anyone
 * can list a public repository, and so read an artifact before its reveal. A public repository is therefore refused, and nothing is put into
 * one that was not seen to be private.
 *
 * The environment gives HF_TOKEN, and HF_ENDPOINT for another hub.
 *
 * @throws BlockZeroError STORE_CREDENTIALS_MISSING, STORE_PUBLIC, STORE_FAILED; its methods STORE_FAILED
 */
export const openHuggingFaceStore = async (
  repo: string,
  env: Readonly<Record<string, string | undefined>>,
  { answerMs, onDown }: RemoteOptions = {},
): Promise<BlobStore> => {
  const accessToken = credential(env, "HF_TOKEN");
  const attempt = remoteAttempts(`hf://${repo}`, [accessToken], answerMs);
  const hubUrl = env.HF_ENDPOINT?.replace(/\/+$/, "");
  const hub = { accessToken, ...(hubUrl && { hubUrl }) };
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
  ): Promise<void> => {
    const send = async () => {
      const parentCommit = await known();
      const made = await commit({ ...target, branch: BRANCH, title, parentCommit, operations: [operation] });
      if (made !== undefined) revision = made.commit.oid;
    };
    const work = () =>
      attempt(async () => {
        try {
          await send();
        } catch (thrown) {
          if (statusOf(thrown) !== 409 && statusOf(thrown) !== 412) throw thrown;
          revision = await newest();
          await send();
        }
      }, bytes);
    const done = writing.then(work, work);
    writing = done;
    return done;
  };

  const find = async (hash: string): Promise<Blob | null> => {
    const at = { ...target, path: pathOf(hash), revision: await known() };
    return attempt(() => downloadFile(at));
  };

  return {
    has: async (hash) => (await find(hash)) !== null,
    size: async (hash) => (await find(hash))?.size ?? null,
    get: async (hash) => {
      const file = await find(hash);
      if (file === null) return null;
      const bytes = new Uint8Array(await attempt(() => file.arrayBuffer(), file.size));
      return sha256(bytes) === hash ? bytes : null;
    },
    stream: (hash, range) => Readable.from(pieces(attempt, () => find(hash), range)),
    put: async (bytes) => {
      const hash = sha256(bytes);
      const content = new Blob([new Uint8Array(bytes)]);
      if ((await find(hash)) === null)
        await write({ operation: "addOrUpdate", path: pathOf(hash), content }, `Add ${hash}`, bytes.length);
      return hash;
    },
    putFile: async (path, hash) => {
      const content = await openAsBlob(path);
      if ((await find(hash)) === null)
        await write({ operation: "addOrUpdate", path: pathOf(hash), content }, `Add ${hash}`, content.size);
    },
    delete: async (hash) => {
      if ((await find(hash)) !== null) await write({ operation: "delete", path: pathOf(hash) }, `Delete ${hash}`);
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
  find: () => Promise<Blob | null>,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  const file = await find();
  if (file === null) throw new BlockZeroError("STORE_FAILED", "the blob is not there", "put it first");
  yield* blobPieces(attempt, range === undefined ? file : file.slice(range.start, range.end));
}

const statusOf = (thrown: unknown): number | undefined =>
  thrown instanceof HubApiError ? thrown.statusCode : undefined;
