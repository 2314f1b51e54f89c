import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { hasCode } from "#shared/errors/error.js";
import { readCheckpointConfig } from "#shared/model/checkpoint-reader.js";
import { readModelConfig } from "#shared/planning/read-model.js";
import { coded } from "../../support/coded.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { HTTP_BEHAVIOURS, hostileServer } from "../../support/hostile-server.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { startHub } from "../blobs/hub-server.js";
import { listen } from "../blobs/support.js";
import { references } from "../model/reference.js";

const { dir } = references("families/olmoe")[0]!;
const file = join(dir, "config.json");
const text = readFileSync(file);
const REPO = "somebody/olmoe";
const strict = { allowPrivateAddresses: false };

describe("a model's config, before anything is downloaded", { timeout: HANG_GUARD }, () => {
  it("is read from a folder, a file, the Hub and a URL alike", async (t) => {
    const expected = { config: await readCheckpointConfig(dir), dtype: "BF16" };
    const hub = await startHub(t, REPO, "hf_secretOfTheTest");
    hub.commitElsewhere("config.json", text);
    hub.commitElsewhere("model.safetensors", Buffer.alloc(50_000));
    const asked: string[] = [];
    const server = await listen(t, (request, response) => {
      asked.push(request.url ?? "");
      response.end(text);
    });
    const env = { HF_ENDPOINT: hub.url, HF_TOKEN: "hf_secretOfTheTest" };
    for (const source of [dir, file, `hf://${REPO}`, `${server}/olmoe/`, `${server}/olmoe/config.json?download=true`])
      assert.deepEqual(await readModelConfig(source, { env, ...strict }), expected, source);
    assert.deepEqual(asked, ["/olmoe/config.json", "/olmoe/config.json?download=true"]);
    assert.ok(
      hub.asked.every((path) => !path.includes("model.safetensors")),
      "no weight is fetched",
    );
  });

  it("is refused in words where there is none", async (t) => {
    const hub = await startHub(t, REPO, "hf_secretOfTheTest");
    const env = { HF_ENDPOINT: hub.url, HF_TOKEN: "hf_secretOfTheTest" };
    hub.commitElsewhere("README.md", Buffer.from("no config"));
    const home = temporaryFolder(t);
    const large = join(home, "large.json");
    writeFileSync(large, Buffer.alloc(2 << 20, " "));
    const many = await listen(t, (_, response) => response.end(Buffer.alloc(2 << 20, " ")));
    const refusals = {
      "/nowhere": "CHECKPOINT_NOT_FOUND",
      [large]: "CHECKPOINT_MALFORMED",
      "hf://somebody": "HUB_ADDRESS_INVALID",
      "hf://datasets/somebody/text": "HUB_ADDRESS_INVALID",
      [`hf://${REPO}@v9`]: "HUB_NOT_FOUND",
      [`hf://${REPO}`]: "HUB_NOT_FOUND",
      "https://[": "CHECKPOINT_NOT_FOUND",
      [`${many}/config.json`]: "CHECKPOINT_NOT_FOUND",
    } as const;
    for (const [source, code] of Object.entries(refusals))
      await assert.rejects(readModelConfig(source, { env, ...strict }), coded(code), source);
    hub.commitElsewhere("config.json", Buffer.alloc(2 << 20, " "));
    await assert.rejects(readModelConfig(`hf://${REPO}`, { env, ...strict }), coded("HUB_TOO_LARGE", /1048576/));
    hub.commitElsewhere("config.json", text);
    hub.corrupt((bytes) => Buffer.from(bytes).fill("x", 0, 1));
    await assert.rejects(readModelConfig(`hf://${REPO}`, { env, ...strict }), coded("HUB_CONTENT_MISMATCH"));
  });
});

describe("a model's config from a server that does not answer", { timeout: HANG_GUARD }, () => {
  it("is waited for until it is not wanted any more", async (t) => {
    let stop = new AbortController();
    const server = await hostileServer(t, (socket) => socket.once("data", () => stop.abort(new Error("stopped"))));
    const env = { HF_ENDPOINT: server, HF_TOKEN: "hf_secretOfTheTest" };
    for (const source of [`${server}/config.json`, `hf://${REPO}`]) {
      stop = new AbortController();
      const asked = readModelConfig(source, { env, ...strict, answerMs: 2 ** 31 - 1, signal: stop.signal });
      await assert.rejects(asked, /stopped/, source);
    }
  });
});

describe("a model's config from a server that redirects", { timeout: HANG_GUARD }, () => {
  const setUp = async (t: TestContext) => {
    const asked: string[] = [];
    const other = await listen(t, (request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      response.end(text);
    });
    let location = "";
    const server = await listen(t, (request, response) => {
      if (request.url === "/moved/config.json") response.end(text);
      else response.writeHead(302, location === "" ? {} : { location }).end("moved");
    });
    const read = (to: string, allowPrivateAddresses = false) => {
      location = to;
      return readModelConfig(`${server}/config.json`, { env: {}, allowPrivateAddresses });
    };
    return { server, other, asked, read };
  };

  it("is fetched where it moved to on the same server", async (t) => {
    const { server, read } = await setUp(t);
    const expected = { config: await readCheckpointConfig(dir), dtype: "BF16" };
    for (const to of ["/moved/config.json", "moved/config.json", `${server}/moved/config.json`])
      assert.deepEqual(await read(to), expected, to);
  });

  it("is not fetched from private addresses, at any step", async (t) => {
    const { other, asked, read } = await setUp(t);
    const port = new URL(other).port;
    for (const to of [
      `${other}/config.json`,
      `http://localhost:${port}/config.json`,
      `http://[::1]:${port}/config.json`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      "http://169.254.169.254/latest/meta-data/",
      "http://2130706433/",
      "file:///etc/passwd",
      "data:application/json,{}",
    ])
      await assert.rejects(read(to), coded("FETCH_REFUSED_ADDRESS", /no public address|not http\(s\)/), to);
    const twice = await listen(t, (_, response) => response.writeHead(307, { location: `${other}/x.json` }).end());
    const hub = await startHub(t, REPO, "hf_secretOfTheTest");
    hub.commitElsewhere("config.json", text);
    hub.sendElsewhere(twice);
    const env = { HF_ENDPOINT: hub.url, HF_TOKEN: "hf_secretOfTheTest" };
    await assert.rejects(readModelConfig(`hf://${REPO}`, { env, ...strict }), coded("FETCH_REFUSED_ADDRESS"));
    assert.deepEqual(asked, [], "nobody there was asked");
  });

  it("is fetched from the operator's own network where that is allowed", async (t) => {
    const { other, asked, read } = await setUp(t);
    assert.deepEqual((await read(`${other}/config.json`, true)).dtype, "BF16");
    assert.deepEqual(asked, ["GET /config.json undefined"]);
  });

  it("is refused where redirects lead nowhere", async (t) => {
    const { server, read } = await setUp(t);
    await assert.rejects(read(`${server}/config.json`), coded("CHECKPOINT_NOT_FOUND", /redirects more than 5 times/));
    await assert.rejects(read("http://["), coded("CHECKPOINT_NOT_FOUND", /no URL/));
    await assert.rejects(read(""), coded("CHECKPOINT_NOT_FOUND", /status 302/));
  });
});

describe("a model's config from a server that", { timeout: HANG_GUARD, concurrency: 16 }, () => {
  for (const [name, behave] of Object.entries(HTTP_BEHAVIOURS))
    it(`${name} ends with a coded error`, async (t) => {
      const url = `${await hostileServer(t, behave)}/config.json`;
      await assert.rejects(readModelConfig(url, { env: {}, ...strict, answerMs: 150 }), (thrown) =>
        hasCode(thrown, "CHECKPOINT_NOT_FOUND", "CHECKPOINT_MALFORMED", "FETCH_REFUSED_ADDRESS"),
      );
    });
});
