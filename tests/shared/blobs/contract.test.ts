import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { describe, it, type TestContext } from "node:test";
import type { BlobStore } from "#shared/blobs/blob-store.js";
import { openStore } from "#shared/blobs/open-store.js";
import { type S3Options, s3Store } from "#shared/blobs/s3-store.js";
import { parseStore } from "#shared/blobs/store-setting.js";
import { BlockZeroError, formatError } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { type Hub, startHub } from "./hub-server.js";
import { between, S3_SECRET, startS3 } from "./s3-process.js";

const TOKEN = "hf_secretOfTheTest";
const REPO = "somebody/blobs";

const open = async (setting: string, env: Record<string, string> = {}): Promise<BlobStore> => {
  const choice = parseStore(setting);
  assert.ok(choice, setting);
  const store = await openStore(choice, env);
  assert.ok(store);
  return store;
};

const s3Env = (endpoint: string) => ({
  AWS_ENDPOINT_URL_S3: endpoint,
  AWS_ACCESS_KEY_ID: "S3RVER",
  AWS_SECRET_ACCESS_KEY: S3_SECRET,
  AWS_REGION: "eu-west-1",
});
/** A bucket that gets files of more than a MiB in parts of one. */
const inParts = (endpoint: string, options: S3Options = {}): BlobStore =>
  s3Store({ bucket: "blobs", prefix: "" }, s3Env(endpoint), { partBytes: 1 << 20, ...options });
/** A file of three of these parts. */
const threeParts = (t: TestContext) => {
  const bytes = Buffer.alloc(2.5 * (1 << 20), "many bytes, ");
  const path = join(temporaryFolder(t), "file");
  writeFileSync(path, bytes);
  return { path, bytes, hash: sha256(bytes) };
};
const isEnd = (request: string): boolean => /^POST .*uploadId=/.test(request);
const isAbort = (request: string): boolean => /^DELETE .*uploadId=/.test(request);
const stopped = new BlockZeroError("STOPPED", "the test stops it", "run it again");
const hubEnv = ({ url }: Hub) => ({ HF_ENDPOINT: url, HF_TOKEN: TOKEN });

const kinds: Readonly<Record<string, (t: TestContext) => Promise<BlobStore>>> = {
  "a directory": (t) => open(`directory:${join(temporaryFolder(t), "store")}`),
  "a bucket": async (t) => open("s3://blobs/subnet/one", s3Env(await startS3(t, "blobs"))),
  "a hub": async (t) => open(`hf://${REPO}`, hubEnv(await startHub(t, REPO, TOKEN))),
};

const listed = async (store: BlobStore): Promise<string[]> => {
  const hashes: string[] = [];
  for await (const hash of store.list()) hashes.push(hash);
  return hashes;
};

const small = Buffer.from("a blob");
const large = Buffer.alloc(300_000, "a larger blob, ");
const absent = sha256(Buffer.from("absent"));

for (const [kind, make] of Object.entries(kinds)) {
  describe(`${kind} as a store`, { timeout: HANG_GUARD }, () => {
    it("gives back what was put, whole or in part, until it is deleted", async (t) => {
      const store = await make(t);
      for (const bytes of [small, large]) {
        const hash = await store.put(bytes);
        assert.equal(hash, sha256(bytes));
        assert.equal(await store.put(bytes), hash);
        assert.equal(await store.has(hash), true);
        assert.equal(await store.size(hash), bytes.length);
        assert.deepEqual(Buffer.from((await store.get(hash)) ?? []), bytes);
        assert.deepEqual(await buffer(store.stream(hash)), bytes);
        for (const [start, end] of [
          [0, 2],
          [1, 5],
          [bytes.length - 3, bytes.length],
        ] as const)
          assert.deepEqual(await buffer(store.stream(hash, { start, end })), bytes.subarray(start, end));
      }
      assert.deepEqual((await listed(store)).sort(), [sha256(small), sha256(large)].sort());
      await store.delete(sha256(small));
      assert.deepEqual(await listed(store), [sha256(large)]);
      assert.equal(await store.get(sha256(small)), null);
    });

    it("says what is not there, and takes nothing for a hash that is none", async (t) => {
      const store = await make(t);
      assert.deepEqual(
        [await store.has(absent), await store.size(absent), await store.get(absent)],
        [false, null, null],
      );
      await store.delete(absent);
      await assert.rejects(buffer(store.stream(absent)));
      for (const hash of ["", "../../etc/passwd", absent.toUpperCase(), `${absent}/x`])
        await assert.rejects(store.size(hash), { code: "HASH_INVALID" }, hash);
    });

    it("takes a file whose bytes have been verified, and takes it again", async (t) => {
      const store = await make(t);
      const path = join(temporaryFolder(t), "file");
      writeFileSync(path, large);
      for (let round = 0; round < 2; round++) await store.putFile(path, sha256(large));
      assert.deepEqual(Buffer.from((await store.get(sha256(large))) ?? []), large);
      assert.deepEqual(await listed(store), [sha256(large)]);
    });

    it("takes nothing of a file that is given up", async (t) => {
      const store = await make(t);
      const path = join(temporaryFolder(t), "file");
      writeFileSync(path, large);
      await assert.rejects(store.putFile(path, sha256(large), AbortSignal.abort(stopped)), stopped);
      assert.deepEqual(await listed(store), []);
      await store.putFile(path, sha256(large), new AbortController().signal);
      assert.deepEqual(await listed(store), [sha256(large)]);
    });

    it("takes several blobs at once", async (t) => {
      const store = await make(t);
      const blobs = Array.from({ length: 5 }, (_, i) => Buffer.alloc(5000, `${i}`));
      await Promise.all(blobs.map((bytes) => store.put(bytes)));
      for (const bytes of blobs) assert.deepEqual(Buffer.from((await store.get(sha256(bytes))) ?? []), bytes);
    });
  });
}

describe("stores elsewhere", { timeout: HANG_GUARD }, () => {
  it("keep secrets out of what they say", async (t) => {
    const endpoint = await startS3(t, "blobs");
    const secrets = { AWS_ACCESS_KEY_ID: "wrongSecretKey", AWS_SECRET_ACCESS_KEY: "wrong-secret-of-the-test" };
    const wrong = { ...s3Env(endpoint), ...secrets };
    const hub = await startHub(t, REPO, TOKEN);
    const faults = [
      (await open("s3://blobs", wrong)).put(small),
      (await open("s3://blobs", { ...wrong, AWS_ENDPOINT_URL_S3: "http://127.0.0.1:1" })).get(absent),
      open(`hf://${REPO}`, { ...hubEnv(hub), HF_TOKEN: "hf_wrongSecretOfTheTest" }),
    ];
    for (const fault of await Promise.allSettled(faults)) {
      assert.ok(fault.status === "rejected" && fault.reason instanceof BlockZeroError);
      assert.equal(fault.reason.code, "STORE_FAILED");
      const said = [formatError(fault.reason), fault.reason.stack, JSON.stringify(fault.reason)].join("\n");
      assert.doesNotMatch(said, /secret/i, said);
    }
  });

  it("name the credential that is missing", async () => {
    await assert.rejects(open("s3://blobs", { AWS_ACCESS_KEY_ID: "x" }), {
      code: "STORE_CREDENTIALS_MISSING",
      message: /AWS_SECRET_ACCESS_KEY/,
    });
    await assert.rejects(open(`hf://${REPO}`), { code: "STORE_CREDENTIALS_MISSING", message: /HF_TOKEN/ });
  });

  it("a bucket's keys are those of a blob server", async (t) => {
    const endpoint = await startS3(t, "blobs");
    const store = await open("s3://blobs", s3Env(endpoint));
    const hash = await store.put(small);
    const { S3Client, GetObjectCommand } = await import("@aws-sdk/client-s3");
    const credentials = { accessKeyId: "S3RVER", secretAccessKey: S3_SECRET };
    const client = new S3Client({ endpoint, forcePathStyle: true, region: "eu-west-1", credentials });
    const { Body } = await client.send(new GetObjectCommand({ Bucket: "blobs", Key: `blob/${hash}` }));
    assert.deepEqual(Buffer.from((await Body?.transformToByteArray()) ?? []), small);
    client.destroy();
  });

  it("a bucket gets a large file in parts, and a part again that did not arrive", async (t) => {
    const printed = t.mock.method(console, "warn", () => undefined);
    const { endpoint, asked, refuse } = await between(t, await startS3(t, "blobs"));
    const store = inParts(endpoint);
    const { path, bytes, hash } = threeParts(t);
    const parts = () =>
      asked.filter((request) => /^PUT .*partNumber=/.test(request)).map((url) => /partNumber=(\d+)/.exec(url)![1]);
    const last = (method: string) => asked.filter((request) => request.startsWith(method));
    refuse((request) => /partNumber=2/.test(request), 2);
    await store.putFile(path, hash);
    assert.deepEqual(parts(), ["1", "2", "2", "2", "3"]);
    assert.equal(last("POST").length, 2);
    assert.deepEqual(Buffer.from((await store.get(hash)) ?? []), bytes);

    asked.length = 0;
    const other = Buffer.alloc(bytes.length, "other bytes, ");
    writeFileSync(path, other);
    refuse((request) => /partNumber=2/.test(request), 3);
    await assert.rejects(store.putFile(path, sha256(other)), { code: "STORE_FAILED" });
    assert.deepEqual(parts(), ["1", "2", "2", "2"]);
    assert.deepEqual([last("POST").length, last("DELETE").length], [1, 1], "begun, and aborted");
    assert.match(last("DELETE")[0]!, /uploadId=/);
    assert.equal(await store.has(sha256(other)), false);

    asked.length = 0;
    writeFileSync(path, bytes.subarray(0, 1 << 20));
    await store.putFile(path, sha256(bytes.subarray(0, 1 << 20)));
    assert.deepEqual([last("POST").length, last("PUT").length], [0, 1], "what fits goes at once");
    assert.equal(printed.mock.callCount(), 0);
  });

  it("a bucket may say nothing while it puts parts together for longer than it may elsewhere", async (t) => {
    const { endpoint, asked, handOn } = await between(t, await startS3(t, "blobs"));
    const store = inParts(endpoint, { silenceMs: 500 });
    const { path, hash } = threeParts(t);
    handOn(async (request) => {
      if (request.startsWith("HEAD")) return new Promise<boolean>(() => {});
      // It answers when nothing has been said for so long that another request was given up.
      if (isEnd(request)) await assert.rejects(store.size(absent), { code: "STORE_FAILED" });
      return true;
    });
    await store.putFile(path, hash);
    assert.equal(asked.filter(isEnd).length, 1);
    assert.deepEqual(asked.filter(isAbort), []);
  });

  it("a bucket whose answer to an upload's end was lost has the file", async (t) => {
    const { endpoint, asked, handOn } = await between(t, await startS3(t, "blobs"));
    const store = inParts(endpoint);
    const { path, bytes, hash } = threeParts(t);
    handOn((request) => !isEnd(request));
    await store.putFile(path, hash);
    assert.ok(asked.some(isEnd));
    assert.deepEqual(asked.filter(isAbort), []);
    assert.deepEqual(Buffer.from((await store.get(hash)) ?? []), bytes);
  });

  it("a bucket is sent no more of a file that is given up, and told so", async (t) => {
    const { endpoint, asked, handOn, refuse } = await between(t, await startS3(t, "blobs"));
    const store = inParts(endpoint);
    const { path, hash } = threeParts(t);
    const giveUp = async (): Promise<unknown> => {
      const stop = new AbortController();
      asked.length = 0;
      handOn((request) => {
        if (/partNumber=2/.test(request)) stop.abort(stopped);
        return true;
      });
      const thrown = await store.putFile(path, hash, stop.signal).catch((fault: unknown) => fault);
      assert.deepEqual(
        asked.map((request) => /partNumber=\d|^\w+/.exec(request.replace(/^PUT /, ""))![0]),
        ["POST", "partNumber=1", "partNumber=2", "DELETE"],
      );
      return thrown;
    };
    assert.equal(await giveUp(), stopped);
    refuse(isAbort, 1);
    assert.ok(coded("STORE_FAILED", /the test stops it; what was sent stays there/)(await giveUp()));
  });

  it("a bucket that an upload may not be aborted in is told of", async (t) => {
    const { endpoint, asked, refuse } = await between(t, await startS3(t, "blobs"));
    const store = inParts(endpoint);
    const { path, hash } = threeParts(t);
    refuse((request) => /partNumber=2/.test(request) || isAbort(request), 4);
    await assert.rejects(store.putFile(path, hash), (thrown) => {
      assert.ok(coded("STORE_FAILED", /what was sent stays there, as the upload could not be aborted/)(thrown));
      assert.match(formatError(thrown as BlockZeroError), /s3:AbortMultipartUpload/);
      return true;
    });
    assert.equal(asked.filter(isAbort).length, 1);
  });

  it("a missing bucket is a fault, not an empty store", async (t) => {
    const store = await open("s3://elsewhere", s3Env(await startS3(t, "blobs")));
    await assert.rejects(store.get(absent), { code: "STORE_FAILED" });
    await assert.rejects(listed(store), { code: "STORE_FAILED" });
  });

  it("a public repository is refused", async (t) => {
    const hub = await startHub(t, REPO, TOKEN);
    hub.setPrivate(false);
    await assert.rejects(open(`hf://${REPO}`, hubEnv(hub)), { code: "STORE_PUBLIC" });
  });

  it("a hub that refuses a token or knows no such repository is not waited for", async (t) => {
    const hub = await startHub(t, REPO, TOKEN);
    const missing = await startHub(t, REPO, TOKEN, false);
    const onDown = () => assert.fail("it answers");
    const choice = { kind: "hf", repo: REPO } as const;
    const wrong = openStore(choice, { ...hubEnv(hub), HF_TOKEN: "hf_wrong" }, { onDown });
    await assert.rejects(wrong, { code: "STORE_FAILED" });
    await assert.rejects(openStore(choice, hubEnv(missing), { onDown }), { code: "STORE_FAILED" });
  });

  it("a hub that is down is asked again with each request, and takes nothing before it was seen to be private", async (t) => {
    const hub = await startHub(t, REPO, TOKEN);
    hub.setDown(true);
    const told: BlockZeroError[] = [];
    const choice = { kind: "hf", repo: REPO } as const;
    await assert.rejects(openStore(choice, hubEnv(hub)), { code: "STORE_FAILED" });
    const store = await openStore(choice, hubEnv(hub), { onDown: (fault) => told.push(fault) });
    assert.deepEqual([store !== null, told.map(({ code }) => code)], [true, ["STORE_FAILED"]]);
    await assert.rejects(store!.put(small), { code: "STORE_FAILED" });
    hub.setDown(false);
    hub.setPrivate(false);
    await assert.rejects(store!.put(small), { code: "STORE_PUBLIC" });
    assert.equal(hub.messages.length, 0);
    hub.setPrivate(true);
    const hash = await store!.put(small);
    assert.deepEqual(Buffer.from((await store!.get(hash)) ?? []), small);
    const open = openStore(choice, hubEnv(hub), { onDown: () => assert.fail("it answers") });
    assert.deepEqual(await listed((await open)!), [hash]);
    hub.setPrivate(false);
    await assert.rejects(openStore(choice, hubEnv(hub), { onDown: () => assert.fail("it answers") }), {
      code: "STORE_PUBLIC",
    });
  });

  it("a repository is read at the revision that was seen, not at the branch", async (t) => {
    const hub = await startHub(t, REPO, TOKEN);
    const store = await open(`hf://${REPO}`, hubEnv(hub));
    const hash = await store.put(small);
    hub.commitElsewhere(`blob/${hash.slice(0, 2)}/${hash}`, Buffer.from("something else"));
    assert.deepEqual(Buffer.from((await store.get(hash)) ?? []), small);
    assert.ok(!hub.asked.some((request) => request.includes("/resolve/main/")));
    // The branch moved, so the next commit is made on what is there now.
    await store.put(large);
    assert.deepEqual(Buffer.from((await store.get(sha256(large))) ?? []), large);
    assert.equal(await store.get(hash), null, "other bytes under its name are no blob");
  });
});

describe("the store setting", () => {
  it("reads four forms", () => {
    assert.deepEqual(parseStore("http"), { kind: "http" });
    assert.deepEqual(parseStore("directory:/mnt/share"), { kind: "directory", path: "/mnt/share" });
    assert.deepEqual(parseStore("s3://a-bucket"), { kind: "s3", bucket: "a-bucket", prefix: "" });
    assert.deepEqual(parseStore("s3://a-bucket/a/b/"), { kind: "s3", bucket: "a-bucket", prefix: "a/b" });
    assert.deepEqual(parseStore("hf://me/blobs"), { kind: "hf", repo: "me/blobs" });
  });

  it("has no room for anything else, credentials least of all", () => {
    for (const text of [
      "",
      "https",
      "directory:",
      "s3://",
      "s3://key:secret@bucket",
      "s3://Bucket",
      "hf://me",
      "hf://hf_x@me/r",
      "hf://a/b/c",
      "s3://b/a?x=1",
    ])
      assert.equal(parseStore(text), null, text);
  });
});
