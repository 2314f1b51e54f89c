import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { pullModel } from "#inspect/model/model-pull.js";
import { pushModel } from "#inspect/model/model-push.js";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { lockHome } from "#shared/files/home-lock.js";
import { parseHubAddress } from "#shared/hub/hub-address.js";
import { readCheckpoint, writeCheckpoint } from "#shared/model/checkpoint.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { startHub } from "#tests/shared/blobs/hub-server.js";
import { MICRO, microParameters } from "#tests/shared/model/micro.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { parameters, template } from "#tests/support/micro-network.js";

const REPO = "somebody/model";
const MODEL = "3f2a90c1d7be".padEnd(64, "0");

const setUp = async (t: TestContext) => {
  const hub = await startHub(t, REPO, "hf_token", false);
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: "hf_token" };
  const dir = join(temporaryFolder(t), "export");
  const parameters = microParameters();
  await writeCheckpoint(dir, MICRO, parameters, {
    metadata: { "blockzero.model": MODEL, "blockzero.cycle": "7", "blockzero.network": "a".repeat(64) },
  });
  writeFileSync(join(dir, "README.md"), "# A card\n");
  const push = { model: dir, home: "none", isPrivate: true, env };
  return { hub, env, dir, parameters, push };
};

describe("a model on the Hub", { timeout: HANG_GUARD }, () => {
  it("comes back as it went, by the commit that names it", async (t) => {
    const { hub, env, parameters, push } = await setUp(t);
    const pushed = await pushModel({ ...push, address: parseHubAddress(`hf://${REPO}`) });
    assert.equal(pushed.model, MODEL);
    const [message] = hub.messages;
    assert.equal(message?.summary, "BlockZero model 3f2a90c1d7be");
    assert.equal(message?.description, `model: ${MODEL}\nnetwork: ${"a".repeat(64)}\ncycle: 7`);
    const out = join(temporaryFolder(t), "pulled");
    await pullModel(parseHubAddress(pushed.address), out, { env });
    assert.deepEqual((await readCheckpoint(out, MICRO)).parameters, parameters);
    assert.equal(readFileSync(join(out, "README.md"), "utf8"), "# A card\n");
  });

  it("takes the place of shards of an earlier one", async (t) => {
    const { hub, dir, parameters, push } = await setUp(t);
    const address = parseHubAddress(`hf://${REPO}`);
    await pushModel({ ...push, address });
    const sharded = join(temporaryFolder(t), "sharded");
    await writeCheckpoint(sharded, MICRO, parameters, { maxShardBytes: 8000 });
    const { removed, model } = await pushModel({ ...push, model: sharded, address });
    assert.deepEqual([removed, model], [["model.safetensors"], null]);
    const again = await pushModel({ ...push, address });
    assert.ok(again.removed.includes("model.safetensors.index.json") && again.removed.length > 2);
    assert.deepEqual([...hub.tree("main")!.keys()].sort(), readdirSync(dir).sort());
  });

  it("comes without pickled weights and weights in other formats", async (t) => {
    const { hub, env, push } = await setUp(t);
    const address = parseHubAddress(`hf://${REPO}`);
    await pushModel({ ...push, address });
    for (const name of ["pytorch_model.bin", "model.gguf", "onnx/model.onnx"])
      hub.commitElsewhere(name, Buffer.from("x"));
    const { skipped } = await pullModel(address, join(temporaryFolder(t), "pulled"), { env });
    assert.deepEqual(skipped.map(({ path }) => path).sort(), ["model.gguf", "onnx/model.onnx", "pytorch_model.bin"]);
  });

  it("of a home is written there until it is sent, and nothing of it stays", async (t) => {
    const { hub, env } = await setUp(t);
    const home = temporaryFolder(t);
    const { modelHash } = await storeGenesis(directoryStore(join(home, "owner", "blobs")), template, parameters);
    const folders: string[] = [];
    const push = {
      model: "latest",
      home,
      isPrivate: true,
      env,
      address: parseHubAddress(`hf://${REPO}`),
      onExport: (folder: string) => folders.push(folder),
    };
    const scratch = temporaryFolder(t);
    // What a push that was killed left.
    mkdirSync(join(scratch, "blockzero-push", "model"), { recursive: true });
    writeFileSync(join(scratch, "blockzero-push", "model", "config.json"), "half");
    hub.refuseCommits(1);
    await assert.rejects(pushModel({ ...push, scratch }), { code: "HUB_FAILED" });
    assert.deepEqual(readdirSync(scratch), []);
    assert.equal((await pushModel(push)).model, modelHash);
    assert.deepEqual(
      folders,
      [scratch, home].map((folder) => join(folder, "blockzero-push", "model")),
    );
    assert.deepEqual(readdirSync(home), ["owner"]);
    const none = join(home, "none");
    await assert.rejects(pushModel({ ...push, home: none }), { code: "HOME_WITHOUT_BLOBS" });
    assert.ok(!existsSync(none));
  });

  it("of a home that another push writes is refused, and so is one that was stopped", async (t) => {
    const { env } = await setUp(t);
    const home = temporaryFolder(t);
    await storeGenesis(directoryStore(join(home, "owner", "blobs")), template, parameters);
    const push = { model: "latest", home, isPrivate: true, env, address: parseHubAddress(`hf://${REPO}`) };
    const unlock = lockHome(join(home, "blockzero-push"), () => {});
    await assert.rejects(pushModel(push), { code: "HOME_IN_USE" });
    unlock();
    const signal = AbortSignal.abort(new Error("stopped"));
    await assert.rejects(pushModel({ ...push, signal }), /stopped/);
    assert.deepEqual(readdirSync(home), ["owner"]);
  });

  it("is a model, and no data set", async (t) => {
    const { env, push } = await setUp(t);
    const address = parseHubAddress(`hf://datasets/${REPO}`);
    await assert.rejects(pushModel({ ...push, address }), { code: "HUB_ADDRESS_INVALID" });
    assert.throws(() => pullModel(address, "nowhere", { env }), { code: "HUB_ADDRESS_INVALID" });
  });
});
