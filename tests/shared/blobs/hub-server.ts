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
  setPrivate(isPrivate: boolean): void;
  /** Somebody else commits a file. */
  commitElsewhere(path: string, bytes: Uint8Array): void;
}

type Tree = ReadonlyMap<string, Uint8Array>;

/** Files above this go through LFS, as the hub tells its clients. */
const LFS_FROM = 4096;

/** A Hugging Face Hub with one model repository: revisions, pre-upload, LFS's batch API, commits, ranged downloads, file lists. */
export const startHub = async (t: TestContext, repo: string, token: string): Promise<Hub> => {
  const asked: string[] = [];
  const revisions = new Map<string, Tree>();
  const lfs = new Map<string, Uint8Array>();
  let isPrivate = true;
  let head = "";
  const advance = (tree: Tree) => {
    head = createHash("sha1").update(`${head} ${revisions.size}`).digest("hex");
    revisions.set(head, tree);
  };
  advance(new Map());
  const treeAt = (revision: string) => revisions.get(revision === "main" ? head : revision);

  const commit = (lines: readonly CommitLine[], response: ServerResponse) => {
    const tree = new Map(revisions.get(head));
    for (const { key, value } of lines) {
      if (key === "header" && value.parentCommit !== undefined && value.parentCommit !== head)
        return json(response, 412, { error: "the branch has moved" });
      if (key === "file") tree.set(value.path, Buffer.from(value.content ?? "", "base64"));
      if (key === "lfsFile") tree.set(value.path, lfs.get(value.oid ?? "") ?? new Uint8Array());
      if (key === "deletedFile") tree.delete(value.path);
    }
    advance(tree);
    json(response, 200, { success: true, commitOid: head, commitUrl: `${url}/${repo}/commit/${head}`, hookOutput: "" });
  };

  const resolve = (request: IncomingMessage, response: ServerResponse, file: Uint8Array | undefined) => {
    if (file === undefined) return json(response.setHeader("x-error-code", "EntryNotFound"), 404, { error: "none" });
    const range = requestedRange(request.headers.range, file.length);
    if (range === "unsatisfiable") return json(response, 416, {});
    response.writeHead(range === null ? 200 : 206, {
      etag: `"${sha256(file)}"`,
      ...(range !== null && { "content-range": contentRange(range, file.length) }),
    });
    response.end(range === null ? file : file.subarray(range.start, range.end));
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = new URL(request.url ?? "", "http://hub").pathname;
    asked.push(`${request.method} ${path}`);
    const body = Buffer.concat(await request.toArray());
    const stored = /^\/lfs\/([0-9a-f]{64})$/.exec(path)?.[1];
    if (stored !== undefined && request.method === "PUT") {
      lfs.set(stored, body);
      return json(response, 200, {});
    }
    // As some gateways do, the refusal repeats what it was sent.
    if (request.headers.authorization !== `Bearer ${token}`)
      return json(response, 401, { error: `no access with ${request.headers.authorization}` });
    const api = `/api/models/${repo}/`;
    const [operation, revision = ""] = path.startsWith(api) ? path.slice(api.length).split("/") : [""];
    const resolved = new RegExp(`^/${repo}/resolve/([^/]+)/(.+)$`).exec(path);
    if (operation === "revision") return json(response, 200, { id: repo, _id: "1", private: isPrivate, sha: head });
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
    if (operation === "commit") return commit(body.toString().trim().split("\n").map(parseLine), response);
    if (operation === "tree") {
      const files = [...(treeAt(revision) ?? [])].map(([name, { length }]) => ({
        type: "file",
        path: name,
        size: length,
      }));
      return json(response, 200, files);
    }
    if (resolved !== null) return resolve(request, response, treeAt(resolved[1] ?? "")?.get(resolved[2] ?? ""));
    json(response, 404, { error: "not here" });
  };

  const url = await listen(t, (request, response) => void answer(request, response));
  return {
    url,
    asked,
    setPrivate: (value) => {
      isPrivate = value;
    },
    commitElsewhere: (path, bytes) => advance(new Map([...(revisions.get(head) ?? []), [path, bytes]])),
  };
};

interface CommitLine {
  readonly key: string;
  readonly value: {
    readonly path: string;
    readonly content?: string;
    readonly oid?: string;
    readonly parentCommit?: string;
  };
}

const parseLine = (line: string): CommitLine => JSON.parse(line);

const json = (response: ServerResponse, status: number, value: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
};
