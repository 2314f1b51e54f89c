import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
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
      assert.deepEqual(await readModelConfig(source, { env }), expected, source);
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
      await assert.rejects(readModelConfig(source, { env }), coded(code), source);
    hub.commitElsewhere("config.json", Buffer.alloc(2 << 20, " "));
    await assert.rejects(readModelConfig(`hf://${REPO}`, { env }), coded("HUB_TOO_LARGE", /1048576/));
    hub.commitElsewhere("config.json", text);
    hub.corrupt((bytes) => Buffer.from(bytes).fill("x", 0, 1));
    await assert.rejects(readModelConfig(`hf://${REPO}`, { env }), coded("HUB_CONTENT_MISMATCH"));
  });
});

describe("a model's config from a server that", { timeout: HANG_GUARD, concurrency: 16 }, () => {
  for (const [name, behave] of Object.entries(HTTP_BEHAVIOURS))
    it(`${name} ends with a coded error`, async (t) => {
      const url = `${await hostileServer(t, behave)}/config.json`;
      await assert.rejects(
        readModelConfig(url, { env: {}, answerMs: 150 }),
        (thrown) => hasCode(thrown, "CHECKPOINT_NOT_FOUND") || hasCode(thrown, "CHECKPOINT_MALFORMED"),
      );
    });
});
