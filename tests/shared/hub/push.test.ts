import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { parseHubAddress } from "#shared/hub/hub-address.js";
import { pushFolder } from "#shared/hub/push.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { startHub } from "#tests/shared/blobs/hub-server.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { HTTP_BEHAVIOURS, hostileServer } from "#tests/support/hostile-server.js";

const TOKEN = "hf_secretOfTheTest";
const REPO = "somebody/model";
const address = parseHubAddress(`hf://${REPO}`);
const weights = Buffer.alloc(300_000, "weights ");
const message = { title: "BlockZero model 3f2a90c1d7be", description: "model 3f2a90c1d7be" };

const setUp = async (t: TestContext, exists = true) => {
  const hub = await startHub(t, REPO, TOKEN, exists);
  const dir = temporaryFolder(t);
  writeFileSync(join(dir, "config.json"), "{}");
  writeFileSync(join(dir, "model.safetensors"), weights);
  writeFileSync(join(dir, ".hidden"), "secret");
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN };
  return { hub, dir, env, options: { ...message, env, isPrivate: true } };
};

const uploads = (asked: readonly string[]) => asked.filter((line) => line.startsWith("PUT /lfs/")).length;

describe("a push to the Hub", { timeout: HANG_GUARD }, () => {
  it("makes the repository, and one commit with all files but hidden ones", async (t) => {
    const { hub, dir, options } = await setUp(t, false);
    const { commit, address: at, sent } = await pushFolder(dir, address, options);
    assert.deepEqual(sent, ["config.json", "model.safetensors"]);
    assert.equal(at, `hf://${REPO}@${commit}`);
    assert.deepEqual([...hub.tree(commit)!.keys()].sort(), sent);
    assert.deepEqual(Buffer.from(hub.tree("main")!.get("model.safetensors")!), weights);
    assert.deepEqual(
      hub.messages.map(({ summary, description }) => ({ title: summary, description })),
      [message],
    );
    assert.ok(hub.asked.includes("POST /api/repos/create"));
  });

  it("uploads where the hub says, and to no private address but the hub's own", async (t) => {
    const { hub, dir, options } = await setUp(t);
    const env = { ...options.env, HF_ENDPOINT: hub.url.replace("127.0.0.1", "localhost") };
    await assert.rejects(pushFolder(dir, address, { ...options, env }), { code: "FETCH_REFUSED_ADDRESS" });
    assert.equal(uploads(hub.asked), 0);
    const { commit } = await pushFolder(dir, address, { ...options, env, allowPrivateAddresses: true });
    assert.deepEqual(Buffer.from(hub.tree(commit)!.get("model.safetensors")!), weights);
    assert.equal(uploads(hub.asked), 1);
  });

  it("sends nothing that the branch holds", async (t) => {
    const { hub, dir, options } = await setUp(t);
    const first = await pushFolder(dir, address, options);
    const again = await pushFolder(dir, address, options);
    assert.deepEqual([again.commit, again.sent, uploads(hub.asked)], [first.commit, [], 1]);
    writeFileSync(join(dir, "config.json"), '{"a":1}');
    assert.deepEqual((await pushFolder(dir, address, options)).sent, ["config.json"]);
    assert.equal(uploads(hub.asked), 1);
  });

  it("removes what would be taken for a part of the new model", async (t) => {
    const { hub, dir, options } = await setUp(t);
    hub.commitElsewhere("model-00001-of-00002.safetensors", weights);
    hub.commitElsewhere("notes.md", Buffer.from("keep me"));
    const replaces = (path: string) => path.endsWith(".safetensors");
    const { removed, commit } = await pushFolder(dir, address, { ...options, replaces });
    assert.deepEqual(removed, ["model-00001-of-00002.safetensors"]);
    assert.deepEqual([...hub.tree(commit)!.keys()].sort(), ["config.json", "model.safetensors", "notes.md"]);
  });

  it("touches no branch for a folder whose files are links, are none, or are not there", async (t) => {
    const { hub, dir, options } = await setUp(t);
    hub.commitElsewhere("model.safetensors", weights);
    const refuses = (problem: RegExp) =>
      assert.rejects(pushFolder(dir, address, { ...options, replaces: () => true }), coded("FILE_UNREADABLE", problem));
    renameSync(join(dir, "model.safetensors"), join(dir, ".weights"));
    symlinkSync(".weights", join(dir, "model.safetensors"));
    await refuses(/model\.safetensors is a link/);
    rmSync(join(dir, "model.safetensors"));
    if (spawnSync("mkfifo", [join(dir, "model.safetensors")]).status === 0) {
      await refuses(/model\.safetensors is not a regular file/);
      rmSync(join(dir, "model.safetensors"));
    }
    rmSync(join(dir, "config.json"));
    await refuses(/holds no file/);
    assert.deepEqual([...hub.tree("main")!.keys()], ["model.safetensors"]);
  });

  it("makes a branch, and leaves main alone", async (t) => {
    const { hub, dir, options } = await setUp(t);
    await pushFolder(dir, { ...address, revision: "cycle-7" }, options);
    assert.deepEqual([hub.tree("main")!.size, hub.tree("cycle-7")!.size], [0, 2]);
  });

  it("goes on where a broken push stopped: what was uploaded is not sent again", async (t) => {
    const { hub, dir, options } = await setUp(t);
    hub.refuseCommits(1);
    await assert.rejects(pushFolder(dir, address, options), { code: "HUB_FAILED" });
    await pushFolder(dir, address, options);
    assert.equal(uploads(hub.asked), 1);
  });

  it("commits on top of what somebody else committed meanwhile", async (t) => {
    const { hub, dir, options } = await setUp(t);
    hub.beforeCommit(() => hub.commitElsewhere("notes.md", Buffer.from("theirs")));
    const { commit } = await pushFolder(dir, address, options);
    assert.deepEqual([...hub.tree(commit)!.keys()].sort(), ["config.json", "model.safetensors", "notes.md"]);
  });

  it("needs a token, and refuses a public repository where a private one is asked for", async (t) => {
    const { hub, dir, env, options } = await setUp(t);
    const withoutToken = { ...options, env: { HF_ENDPOINT: env.HF_ENDPOINT } };
    await assert.rejects(pushFolder(dir, address, withoutToken), { code: "HUB_TOKEN_MISSING" });
    hub.setPrivate(false);
    await assert.rejects(pushFolder(dir, address, options), { code: "HUB_PUBLIC" });
    await pushFolder(dir, address, { ...options, isPrivate: false });
  });

  it("believes no hub that kept other bytes", async (t) => {
    const { hub, dir, options } = await setUp(t);
    hub.lie((entries) => entries.map((entry) => ({ ...entry, oid: "0".repeat(40) })));
    await assert.rejects(pushFolder(dir, address, options), { code: "HUB_CONTENT_MISMATCH" });
    rmSync(join(dir, "config.json"));
  });
});

describe("a push to a server that", { timeout: HANG_GUARD, concurrency: 16 }, () => {
  for (const [name, behave] of Object.entries(HTTP_BEHAVIOURS))
    it(`${name} ends with a coded error`, async (t) => {
      const { dir, options } = await setUp(t);
      const env = { HF_ENDPOINT: await hostileServer(t, behave), HF_TOKEN: TOKEN };
      await assert.rejects(pushFolder(dir, address, { ...options, env, answerMs: 150 }), (thrown) => {
        assert.ok(thrown instanceof BlockZeroError, String(thrown));
        assert.ok(["HUB_FAILED", "FETCH_REFUSED_ADDRESS"].includes(thrown.code), thrown.code);
        assert.doesNotMatch(`${thrown.message}${thrown.stack}`, /secret/i);
        return true;
      });
    });
});
