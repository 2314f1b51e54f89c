import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { checkpointFolder } from "#owner/genesis/checkpoint-source.js";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { startHub } from "#tests/shared/blobs/hub-server.js";
import { references } from "#tests/shared/model/reference.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const REPO = "somebody/olmoe";
const TOKEN = "hf_secretOfTheTest";

const setUp = async (t: TestContext) => {
  const hub = await startHub(t, REPO, TOKEN);
  const { dir } = references("families/olmoe")[0]!;
  for (const name of ["config.json", "model.safetensors"]) hub.commitElsewhere(name, readFileSync(join(dir, name)));
  hub.commitElsewhere("pytorch_model.bin", Buffer.alloc(9000));
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN };
  return { hub, env, dir, home: temporaryFolder(t) };
};

describe("a checkpoint to begin with", { timeout: HANG_GUARD }, () => {
  it("is a folder, or comes from the Hub once, without weights in other formats", async (t) => {
    const { hub, env, dir, home } = await setUp(t);
    assert.equal(await checkpointFolder(dir, home, { env }), dir);
    const fetched: string[] = [];
    const onFile = ({ path }: { path: string }) => fetched.push(path);
    const folder = await checkpointFolder(`hf://${REPO}`, home, { env, onFile });
    assert.deepEqual(fetched.sort(), ["config.json", "model.safetensors"]);
    assert.deepEqual(readdirSync(folder).sort(), ["config.json", "model.safetensors"]);
    assert.deepEqual(await readCheckpoint(folder), await readCheckpoint(dir));
    const asked = hub.asked.length;
    assert.equal(await checkpointFolder(`hf://${REPO}`, home, { env }), folder);
    assert.equal(hub.asked.length, asked, "the second time the Hub is not asked");
  });

  it("is not waited for where the Hub stalls, and goes on later", async (t) => {
    const { hub, env, home } = await setUp(t);
    hub.stall();
    await assert.rejects(checkpointFolder(`hf://${REPO}`, home, { env, answerMs: 300 }), coded("HUB_FAILED"));
    assert.ok(!existsSync(join(home, "checkpoints", "somebody--olmoe@main")));
  });

  it("is left where it is when its genesis is stopped, and its weights wait for what is told of all else", async (t) => {
    const { hub, env, home } = await setUp(t);
    const stop = new AbortController();
    const beforeWeights = async (dir: string, weights: readonly { path: string }[], missing: number) => {
      assert.deepEqual([readdirSync(dir), weights.map(({ path }) => path)], [["config.json"], ["model.safetensors"]]);
      assert.ok(missing > 0);
      stop.abort(new Error("stopped"));
    };
    const options = { env, signal: stop.signal, beforeWeights };
    await assert.rejects(checkpointFolder(`hf://${REPO}`, home, options), /^Error: stopped$/);
    assert.ok(existsSync(join(home, "checkpoints", "somebody--olmoe@main.partial", "config.json")));
    const asked = () => hub.asked.filter((path) => path.endsWith("config.json")).length;
    const before = asked();
    const folder = await checkpointFolder(`hf://${REPO}`, home, { env });
    assert.equal(asked(), before);
    assert.ok(existsSync(join(folder, "model.safetensors")));
  });

  it("is refused where it is a data set, or larger than the disk has room for", async (t) => {
    const { hub, env, home } = await setUp(t);
    await assert.rejects(checkpointFolder(`hf://datasets/${REPO}`, home, { env }), coded("HUB_ADDRESS_INVALID"));
    hub.lie((entries) =>
      entries.map((entry) =>
        Object(entry).path === "model.safetensors"
          ? { ...entry, size: 2 ** 50, lfs: { oid: "0".repeat(64), size: 2 ** 50 } }
          : entry,
      ),
    );
    await assert.rejects(
      checkpointFolder(`hf://${REPO}`, home, { env }),
      coded("HUB_TOO_LARGE", /\d+ bytes are missing/),
    );
  });
});
