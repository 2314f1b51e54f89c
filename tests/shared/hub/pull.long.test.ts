import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { BlockZeroError, formatError } from "#shared/errors/error.js";
import { parseHubAddress } from "#shared/hub/hub-address.js";
import { pullFolder } from "#shared/hub/pull.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { sendFile, startHub } from "#tests/shared/blobs/hub-server.js";
import { listen } from "#tests/shared/blobs/support.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { HTTP_BEHAVIOURS, hostileServer } from "#tests/support/hostile-server.js";

const TOKEN = "hf_secretOfTheTest";
const REPO = "somebody/model";
const address = parseHubAddress(`hf://${REPO}`);
const config = Buffer.from('{"model_type":"qwen3_moe"}');
const weights = Buffer.alloc(300_000, "weights ");
/** Where the hub keeps its files on loopback too. */
const ANYWHERE = { BLOCKZERO_ALLOW_PRIVATE_ADDRESSES: "true" };

const setUp = async (t: TestContext) => {
  const hub = await startHub(t, REPO, TOKEN);
  hub.commitElsewhere("config.json", config);
  hub.commitElsewhere("model.safetensors", weights);
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN };
  return { hub, env, out: join(temporaryFolder(t), "model") };
};

const refused = (code: string, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof BlockZeroError, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  assert.match(thrown.message, message);
  assert.doesNotMatch(`${formatError(thrown)} ${thrown.stack}`, /secret/i);
  return true;
};

describe("addresses of the Hub", () => {
  it("name a model or a data set, at a revision or none", () => {
    assert.deepEqual(parseHubAddress("hf://a/b"), { kind: "model", name: "a/b", revision: null });
    assert.deepEqual(parseHubAddress("hf://a/b.c_d@refs/pr/1"), {
      kind: "model",
      name: "a/b.c_d",
      revision: "refs/pr/1",
    });
    assert.deepEqual(parseHubAddress("hf://datasets/a/b@v1.0"), { kind: "dataset", name: "a/b", revision: "v1.0" });
  });

  it("are refused where they are none", () => {
    for (const text of [
      "",
      "a/b",
      "hf://a",
      "hf://a/b/c",
      "hf://../b",
      "hf://a/b@",
      "hf://a/b@../c",
      "hf://a/b?x",
      "hf://a/b@x y",
    ])
      assert.throws(() => parseHubAddress(text), { code: "HUB_ADDRESS_INVALID" }, text);
  });
});

describe("a pull from the Hub", { timeout: HANG_GUARD }, () => {
  it("gives a folder of the files of one commit", async (t) => {
    const { env, out } = await setUp(t);
    const { commit, files } = await pullFolder(address, out, { env });
    assert.match(commit, /^[0-9a-f]{40}$/);
    assert.deepEqual(files.map(({ path }) => path).sort(), ["config.json", "model.safetensors"]);
    assert.deepEqual(readFileSync(join(out, "config.json")), config);
    assert.deepEqual(readFileSync(join(out, "model.safetensors")), weights);
    assert.ok(!existsSync(`${out}.partial`));
    await assert.rejects(pullFolder(address, out, { env }), refused("OUT_NOT_EMPTY", /not empty/));
  });

  it("leaves out what is not wanted", async (t) => {
    const { env, out } = await setUp(t);
    const { skipped } = await pullFolder(address, out, { env, wants: (path) => path.endsWith(".json") });
    assert.deepEqual([readdirSync(out), skipped.map(({ path }) => path)], [["config.json"], ["model.safetensors"]]);
  });

  it("goes on where it stopped, and keeps nothing of another revision", async (t) => {
    const { hub, env, out } = await setUp(t);
    mkdirSync(`${out}.partial`);
    writeFileSync(join(`${out}.partial`, "model.safetensors"), weights.subarray(0, 200_000));
    writeFileSync(join(`${out}.partial`, "of-another-revision.json"), "{}");
    hub.corrupt((bytes, path) => (path === "model.safetensors" ? Buffer.from(bytes).fill(0, 0, 200_000) : bytes));
    await pullFolder(address, out, { env });
    assert.deepEqual(readFileSync(join(out, "model.safetensors")), weights);
    assert.deepEqual(readdirSync(out).sort(), ["config.json", "model.safetensors"]);
  });

  it("begins a file again that an earlier call left damaged or too long", async (t) => {
    const { env, out } = await setUp(t);
    mkdirSync(`${out}.partial`);
    writeFileSync(join(`${out}.partial`, "model.safetensors"), Buffer.alloc(200_000));
    writeFileSync(join(`${out}.partial`, "config.json"), Buffer.alloc(200_000));
    await pullFolder(address, out, { env });
    assert.deepEqual(readFileSync(join(out, "model.safetensors")), weights);
    assert.deepEqual(readFileSync(join(out, "config.json")), config);
  });

  it("refuses a repository or revision that is not there", async (t) => {
    const { env, out } = await setUp(t);
    await assert.rejects(
      pullFolder({ ...address, revision: "v9" }, out, { env }),
      refused("HUB_NOT_FOUND", /hf:\/\/somebody\/model@v9/),
    );
    await assert.rejects(
      pullFolder(address, out, { env: { ...env, HF_TOKEN: "hf_wrongSecretOfTheTest" } }),
      refused("HUB_FAILED", /no access with Bearer \*\*\*/),
    );
    assert.ok(!existsSync(out));
  });

  it("refuses other bytes than the list's hash names, and other sizes", async (t) => {
    const { hub, env, out } = await setUp(t);
    hub.corrupt((bytes) => Buffer.from(bytes).fill("x", 0, 1));
    await assert.rejects(pullFolder(address, out, { env }), refused("HUB_CONTENT_MISMATCH", /config\.json/));
    hub.corrupt((bytes) => Buffer.concat([bytes, bytes]));
    await assert.rejects(pullFolder(address, out, { env }), refused("HUB_CONTENT_MISMATCH", /lists .* and gives/));
    assert.ok(!existsSync(out));
  });

  it("waits for no file that does not come", async (t) => {
    const { hub, env, out } = await setUp(t);
    hub.stall();
    await assert.rejects(pullFolder(address, out, { env, answerMs: 500 }), refused("HUB_FAILED", /no answer within/));
  });

  it("ends with its signal's reason, whatever it waits for", async (t) => {
    const { hub, env, out } = await setUp(t);
    const stopped = async (HF_ENDPOINT: string, stop: AbortController) =>
      assert.rejects(
        pullFolder(address, out, { env: { ...env, HF_ENDPOINT }, signal: stop.signal }),
        /^Error: stopped$/,
      );
    const [ofAnswer, ofFile] = [new AbortController(), new AbortController()];
    const silent = await hostileServer(t, (socket) => socket.once("data", () => ofAnswer.abort(new Error("stopped"))));
    await stopped(silent, ofAnswer);
    hub.stall();
    hub.corrupt((bytes) => {
      setImmediate(() => ofFile.abort(new Error("stopped")));
      return bytes;
    });
    await stopped(hub.url, ofFile);
    assert.ok(!existsSync(out));
  });

  it("fetches files from where the hub sends it, without its token, and believes no other bytes from there", async (t) => {
    const { hub, out, ...own } = await setUp(t);
    const env = { ...own.env, ...ANYWHERE };
    const shown: (string | undefined)[] = [];
    let change = (bytes: Uint8Array): Uint8Array => bytes;
    const elsewhere = await listen(t, (request, response) => {
      shown.push(request.headers.authorization);
      sendFile(request, response, change(request.url === "/config.json" ? config : weights));
    });
    hub.sendElsewhere(elsewhere);
    await pullFolder(address, out, { env });
    assert.deepEqual(readFileSync(join(out, "model.safetensors")), weights);
    assert.ok(shown.length >= 2 && shown.every((token) => token === undefined), String(shown));
    const other = `${out}-other`;
    change = (bytes) => Buffer.from(bytes).fill("x", 0, 1);
    await assert.rejects(pullFolder(address, other, { env }), refused("HUB_CONTENT_MISMATCH", /config\.json/));
    change = (bytes) => bytes.subarray(1);
    await assert.rejects(pullFolder(address, other, { env }), refused("HUB_CONTENT_MISMATCH", /lists .* and gives/));
    hub.sendElsewhere(`${elsewhere}:no`);
    await assert.rejects(pullFolder(address, other, { env, answerMs: 500 }), refused("HUB_FAILED", /./));
    assert.ok(!existsSync(other));
  });

  it("asks at no private address but the hub's own, wherever the hub sends it", async (t) => {
    const { hub, env, out } = await setUp(t);
    const asked: string[] = [];
    const elsewhere = await listen(t, (request, response) => {
      asked.push(request.url ?? "");
      response.end("[]");
    });
    hub.sendElsewhere(elsewhere);
    await assert.rejects(pullFolder(address, out, { env }), refused("FETCH_REFUSED_ADDRESS", /no public address/));
    hub.continueListingAt(`${elsewhere}/more`);
    await assert.rejects(pullFolder(address, out, { env }), refused("FETCH_REFUSED_ADDRESS", /no public address/));
    assert.deepEqual(asked, []);
  });

  it("shows its token to nobody but the hub", async (t) => {
    const { hub, out, ...own } = await setUp(t);
    const env = { ...own.env, ...ANYWHERE };
    const shown: (string | undefined)[] = [];
    const elsewhere = await listen(t, (request, response) => {
      shown.push(request.headers.authorization);
      response.end("[]");
    });
    hub.continueListingAt(`${elsewhere}/more`);
    await pullFolder(address, out, { env });
    assert.deepEqual(shown, [undefined]);
  });

  it("ends a list of files whose empty pages never end", async (t) => {
    const { hub, out, ...own } = await setUp(t);
    const env = { ...own.env, ...ANYWHERE };
    const elsewhere = await listen(t, (_, response) => {
      response.setHeader("link", `<${elsewhere}/more>; rel="next"`);
      response.end("[]");
    });
    hub.continueListingAt(`${elsewhere}/more`);
    await assert.rejects(pullFolder(address, out, { env }), refused("HUB_FAILED", /more than 200 pages/));
  });

  const file = { type: "file", path: "x.json", size: 1, oid: "0".repeat(40) };
  const lists: Readonly<Record<string, object[]>> = {
    "a way up": [{ ...file, path: "../x.json" }],
    "a way up further on": [{ ...file, path: "a/../../x.json" }],
    "the root": [{ ...file, path: "/etc/x.json" }],
    "another system's separator": [{ ...file, path: "..\\x.json" }],
    "a drive": [{ ...file, path: "C:x.json" }],
    "a control character": [{ ...file, path: "\u001b[2Jx.json" }],
    "no name": [{ ...file, path: "" }],
    "one name twice": [file, { ...file, path: "X.json" }],
    "no hash": [{ ...file, oid: "x" }],
    "no size": [{ ...file, size: -1 }],
    "too many files": Array.from({ length: 10_001 }, (_, i) => ({ ...file, path: `${i}.json` })),
    "too many folders": Array.from({ length: 20_001 }, (_, i) => ({ ...file, type: "directory", path: `${i}` })),
    nothing: [null as unknown as object],
  };
  for (const [what, entries] of Object.entries(lists))
    it(`refuses a list of files with ${what}`, async (t) => {
      const { hub, env, out } = await setUp(t);
      hub.lie(() => entries);
      await assert.rejects(pullFolder(address, out, { env }), refused("HUB_LISTING_INVALID", /list of files/));
      assert.ok(!existsSync(`${out}.partial`));
    });
});

describe("a pull from a server that", { timeout: HANG_GUARD, concurrency: 16 }, () => {
  for (const [name, behave] of Object.entries(HTTP_BEHAVIOURS))
    it(`${name} ends with a coded error`, async (t) => {
      const env = { HF_ENDPOINT: await hostileServer(t, behave), HF_TOKEN: TOKEN };
      const out = join(temporaryFolder(t), "model");
      await assert.rejects(pullFolder(address, out, { env, answerMs: 150 }), (thrown) => {
        assert.ok(thrown instanceof BlockZeroError, String(thrown));
        return ["HUB_FAILED", "HUB_NOT_FOUND", "FETCH_REFUSED_ADDRESS"].includes(thrown.code);
      });
      assert.ok(!existsSync(out));
    });
});

describe("a pull that the hub sends to a server that", { timeout: HANG_GUARD, concurrency: 16 }, () => {
  for (const [name, behave] of Object.entries(HTTP_BEHAVIOURS))
    it(`${name} ends with a coded error`, async (t) => {
      const { hub, out, ...own } = await setUp(t);
      hub.sendElsewhere(await hostileServer(t, behave));
      await assert.rejects(pullFolder(address, out, { env: { ...own.env, ...ANYWHERE }, answerMs: 150 }), (thrown) => {
        assert.ok(thrown instanceof BlockZeroError, String(thrown));
        const codes = ["HUB_FAILED", "HUB_CONTENT_MISMATCH", "FETCH_REFUSED_ADDRESS"];
        assert.ok(codes.includes(thrown.code), `${thrown.code} ${thrown.message}`);
        return true;
      });
      assert.ok(!existsSync(out));
    });
});
