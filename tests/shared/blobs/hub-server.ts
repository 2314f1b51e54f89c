import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TestContext } from "node:test";
import { contentRange, requestedRange } from "#shared/files/byte-range.js";
import { sha256 } from "#shared/protocol/hash.js";
import { listen } from "./support.js";

export interface Hub {
  readonly url: string;
  /** Every request's method and path. */
  readonly asked: string[];
  /** What is in the repository at a branch or commit. */
  tree(revision: string): Tree | undefined;
  /** The commit that `main` is now. */
  head(): string;
  /** Each commit's first line and text, the newest last. */
  readonly messages: { readonly summary: string; readonly description?: string }[];
  /** Files of a listing as a hub that lies has them. */
  lie(change: ((entries: object[]) => object[]) | null): void;
  /** Sends the first byte of every file, and no more. */
  stall(): void;
  /** Sends who asks for a file to that address, as the Hub does for large ones. */
  sendElsewhere(url: string): void;
  /** Says that a file list goes on there. */
  continueListingAt(url: string): void;
  /** Answers everything with 503 while it is down. */
  setDown(isDown: boolean): void;
  /** Refuses the next commits. */
  refuseCommits(count: number): void;
  /** Happens once, before the next commit is taken. */
  beforeCommit(happens: () => void): void;
  /** What is sent in the place of a file's bytes. */
  corrupt(change: ((bytes: Uint8Array, path: string) => Uint8Array) | null): void;
  setPrivate(isPrivate: boolean): void;
  /** Somebody else commits a file. */
  commitElsewhere(path: string, bytes: Uint8Array): void;
}

type Tree = ReadonlyMap<string, Uint8Array>;

/** Files above this go through LFS, as the hub tells its clients. */
const LFS_FROM = 4096;

/**
 * A Hugging Face Hub with one repository, of a model or, where its name begins with `datasets/`, a data set: revisions, branches, pre-upload, LFS's
 * batch API, commits, ranged downloads, file lists.
 *
 * @param exists whether the repository is there before somebody creates it
 */
export const startHub = async (t: TestContext, repo: string, token: string, exists = true): Promise<Hub> => {
  const asked: string[] = [];
  const revisions = new Map<string, Tree>();
  const heads = new Map<string, string>();
  const messages: Hub["messages"] = [];
  const lfs = new Map<string, Uint8Array>();
  let isPrivate = true;
  let refusals = 0;
  let isStalling = false;
  let isDown = false;
  let nextList: string | null = null;
  let elsewhere: string | null = null;
  let before: (() => void) | null = null;
  let listing: (entries: object[]) => object[] = (entries) => entries;
  let given: (bytes: Uint8Array, path: string) => Uint8Array = (bytes) => bytes;
  const advance = (tree: Tree, branch = "main") => {
    const head = createHash("sha1")
      .update(`${heads.get(branch)} ${revisions.size}`)
      .digest("hex");
    heads.set(branch, head);
    revisions.set(head, tree);
  };
  if (exists) advance(new Map());
  const commitAt = (revision: string) => heads.get(revision) ?? (revisions.has(revision) ? revision : undefined);
  const treeAt = (revision: string) => revisions.get(commitAt(revision) ?? "");

  const commit = (branch: string, lines: readonly CommitLine[], response: ServerResponse) => {
    if (refusals-- > 0) return json(response, 503, { error: "busy" });
    before?.();
    before = null;
    const head = heads.get(branch);
    const tree = new Map(revisions.get(head ?? ""));
    for (const { key, value } of lines) {
      if (key === "header" && value.parentCommit !== undefined && value.parentCommit !== head)
        return json(response, 412, { error: "the branch has moved" });
      if (key === "header") messages.push({ summary: value.summary ?? "", ...value });
      if (key === "file") tree.set(value.path, Buffer.from(value.content ?? "", "base64"));
      if (key === "lfsFile") tree.set(value.path, lfs.get(value.oid ?? "") ?? new Uint8Array());
      if (key === "deletedFile") tree.delete(value.path);
    }
    advance(tree, branch);
    const commitOid = heads.get(branch);
    json(response, 200, { success: true, commitOid, commitUrl: `${url}/${repo}/commit/${commitOid}`, hookOutput: "" });
  };

  const resolve = (request: IncomingMessage, response: ServerResponse, name: string, file: Uint8Array | undefined) => {
    if (file === undefined) return json(response.setHeader("x-error-code", "EntryNotFound"), 404, { error: "none" });
    if (elsewhere !== null) return void response.writeHead(302, { location: `${elsewhere}/${name}` }).end();
    sendFile(request, response, file, isStalling);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = new URL(request.url ?? "", "http://hub").pathname;
    asked.push(`${request.method} ${path}`);
    const body = Buffer.concat(await request.toArray());
    if (isDown) return json(response, 503, { error: "down" });
    const stored = /^\/lfs\/([0-9a-f]{64})$/.exec(path)?.[1];
    if (stored !== undefined && request.method === "PUT") {
      lfs.set(stored, body);
      return json(response, 200, {});
    }
    // As some gateways do, the refusal repeats what it was sent.
    if (request.headers.authorization !== `Bearer ${token}`)
      return json(response, 401, { error: `no access with ${request.headers.authorization}` });
    const api = repo.startsWith("datasets/") ? `/api/${repo}/` : `/api/models/${repo}/`;
    const [operation, revision = ""] = path.startsWith(api) ? path.slice(api.length).split("/") : [""];
    const resolved = new RegExp(`^/${repo}/resolve/([^/]+)/(.+)$`).exec(path);
    if (path === "/api/repos/create") {
      const wanted: { name: string; organization: string; visibility: string } = JSON.parse(body.toString());
      isPrivate = wanted.visibility === "private";
      advance(new Map());
      return json(response, 200, { url: `${url}/${repo}`, id: `${wanted.organization}/${wanted.name}` });
    }
    if (operation === "branch") {
      heads.set(revision, heads.get("main") ?? "");
      return json(response, 200, {});
    }
    if (operation === "revision") {
      const sha = commitAt(decodeURIComponent(revision));
      if (sha === undefined) return json(response, 404, { error: "no such revision" });
      return json(response, 200, { id: repo, _id: "1", private: isPrivate, sha });
    }
    if (operation === "preupload") {
      const { files }: { files: { path: string; size: number }[] } = JSON.parse(body.toString());
      const modes = files.map((file) => ({ path: file.path, uploadMode: file.size >= LFS_FROM ? "lfs" : "regular" }));
      return json(response, 200, { files: modes });
    }
    if (path === `/${repo}.git/info/lfs/objects/batch`) {
      const { objects }: { objects: { oid: string; size: number }[] } = JSON.parse(body.toString());
      const actions = (oid: string) => ({ upload: { href: `${url}/lfs/${oid}` } });
      return json(response, 200, {
        transfer: "basic",
        objects: objects.map((object) => (lfs.has(object.oid) ? object : { ...object, actions: actions(object.oid) })),
      });
    }
    if (operation === "commit") return commit(revision, body.toString().trim().split("\n").map(parseLine), response);
    if (operation === "tree") {
      if (nextList !== null) response.setHeader("link", `<${nextList}>; rel="next"`);
      return json(response, 200, listing([...(treeAt(revision) ?? [])].map(listed)));
    }
    if (resolved !== null) {
      const name = decodeURIComponent(resolved[2] ?? "");
      const file = treeAt(resolved[1] ?? "")?.get(name);
      return resolve(request, response, name, file && given(file, name));
    }
    json(response, 404, { error: "not here" });
  };

  const url = await listen(t, (request, response) => void answer(request, response));
  return {
    url,
    asked,
    messages,
    tree: treeAt,
    head: () => heads.get("main") ?? "",
    stall: () => {
      isStalling = true;
    },
    sendElsewhere: (place) => {
      elsewhere = place;
    },
    continueListingAt: (next) => {
      nextList = next;
    },
    setDown: (value) => {
      isDown = value;
    },
    refuseCommits: (count) => {
      refusals = count;
    },
    beforeCommit: (happens) => {
      before = happens;
    },
    lie: (change) => {
      listing = change ?? ((entries) => entries);
    },
    corrupt: (change) => {
      given = change ?? ((bytes) => bytes);
    },
    setPrivate: (value) => {
      isPrivate = value;
    },
    commitElsewhere: (path, bytes) => advance(new Map([...(treeAt("main") ?? []), [path, bytes]])),
  };
};

/** Answers with a file, or the range of it that is asked for. @param isStalling whether only the first byte is sent */
export const sendFile = (
  request: IncomingMessage,
  response: ServerResponse,
  file: Uint8Array,
  isStalling = false,
): void => {
  const range = requestedRange(request.headers.range, file.length);
  if (range === "unsatisfiable") {
    json(response, 416, {});
    return;
  }
  response.writeHead(range === null ? 200 : 206, {
    etag: `"${sha256(file)}"`,
    ...(range !== null && { "content-range": contentRange(range, file.length) }),
  });
  const bytes = range === null ? file : file.subarray(range.start, range.end);
  if (isStalling && bytes.length > 1) response.write(bytes.subarray(0, 1));
  else response.end(bytes);
};

/** An entry of a file list: a small file has Git's object id, a large one its pointer's and its own hash. */
const listed = ([path, bytes]: readonly [string, Uint8Array]): object => {
  const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const lfs = { oid: sha256(bytes), size: bytes.length, pointerSize: 130 };
  return { type: "file", path, size: bytes.length, oid, ...(bytes.length >= LFS_FROM && { lfs }) };
};

interface CommitLine {
  readonly key: string;
  readonly value: {
    readonly path: string;
    readonly content?: string;
    readonly oid?: string;
    readonly parentCommit?: string;
    readonly summary?: string;
    readonly description?: string;
  };
}

const parseLine = (line: string): CommitLine => JSON.parse(line);

const json = (response: ServerResponse, status: number, value: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
};
