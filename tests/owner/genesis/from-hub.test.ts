import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { stringify } from "yaml";
import { openArithmetic } from "#datasets/arithmetic.js";
import { writeCheckpoint } from "#shared/model/checkpoint.js";
import { run } from "#tests/programs/process.js";
import { smallNetwork } from "#tests/programs/small-network.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { startHub } from "#tests/shared/blobs/hub-server.js";
import { microParameters } from "#tests/shared/model/micro.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const REPO = "somebody/model";
const TOKEN = "hf_secretOfTheTest";
const WEIGHTS = "model.safetensors";
const { model } = smallNetwork;
const { bavail, bsize } = statfsSync(".");
/** Bytes that would fit onto the disk once, and not twice. */
const MOST_OF_IT = Math.floor(bavail * bsize * 0.75);
const lfsOf = (size: number) => ({ oid: "0".repeat(64), size });

/** A hub that has a model, and a template that begins with it. */
const setUp = async (t: TestContext) => {
  const cwd = temporaryFolder(t);
  await writeCheckpoint(join(cwd, "source"), model, microParameters(model));
  const hub = await startHub(t, REPO, TOKEN);
  for (const name of ["config.json", WEIGHTS]) hub.commitElsewhere(name, readFileSync(join(cwd, "source", name)));
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN };
  const blockzero = (command: string, change: object = {}) => {
    writeFileSync(join(cwd, "t.yaml"), stringify({ ...smallNetwork, model: "from-checkpoint", ...change }));
    return run("blockzero", [...command.split(" "), "--from", `hf://${REPO}`], { cwd, env });
  };
  const weightsAsked = () => hub.asked.filter((path) => path.endsWith(WEIGHTS)).length;
  return { cwd, hub, blockzero, weightsAsked };
};

describe("genesis of a model that is on the Hub", { timeout: HANG_GUARD }, () => {
  it("fetches no weights for a template that cannot work, or where a network file is there already", async (t) => {
    const { cwd, blockzero, weightsAsked } = await setUp(t);
    for (const [change, fault] of [
      [{ artifcat: 1 }, /✖ NETWORK_TEMPLATE_INVALID .*artifcat/],
      [{ limits: { artifact_bytes: 1 } }, /✖ NETWORK_UNWORKABLE/],
      [{ model: { preset: "from-checkpoint", rms_norm_eps: 1e-5 } }, /✖ CHECKPOINT_MISMATCH .*rms_norm_eps/],
    ] as const) {
      const { status, stderr } = await blockzero("genesis --network t.yaml --out out", change);
      assert.equal(status, 2);
      assert.match(stderr, fault);
    }
    mkdirSync(join(cwd, "made"));
    writeFileSync(join(cwd, "made", "network.yaml"), "");
    assert.match((await blockzero("genesis --network t.yaml --out made")).stderr, /✖ GENESIS_EXISTS/);
    assert.equal(weightsAsked(), 0);
  });

  it("fetches none where the model's blobs would not fit beside them", async (t) => {
    const { hub, blockzero, weightsAsked } = await setUp(t);
    const config = JSON.parse(hub.tree("main")!.get("config.json")!.toString());
    const huge = { ...config, moe_intermediate_size: 2 ** 39 };
    hub.commitElsewhere("config.json", Buffer.from(JSON.stringify(huge)));
    const limits = { artifact_bytes: 2 ** 52, part_bytes: 2 ** 45 };
    hub.lie((entries) =>
      entries.map((entry) =>
        Object(entry).path === WEIGHTS ? { ...entry, size: MOST_OF_IT, lfs: lfsOf(MOST_OF_IT) } : entry,
      ),
    );
    const { status, stderr } = await blockzero("genesis --network t.yaml --out out", { limits });
    assert.equal(status, 2);
    assert.match(stderr, /✖ HUB_TOO_LARGE the checkpoint and the model's blobs in out.blobs take \d+ bytes more/);
    assert.equal(weightsAsked(), 0);
  });

  it("goes on with weights of an earlier fetch, makes the network, and says what may be deleted", async (t) => {
    const { cwd, hub, blockzero } = await setUp(t);
    const bytes = hub.tree("main")!.get(WEIGHTS)!;
    const partial = join(cwd, "out", "checkpoints", "somebody--model@main.partial");
    mkdirSync(partial, { recursive: true });
    writeFileSync(join(partial, WEIGHTS), bytes.subarray(0, 5000));
    hub.corrupt((given, path) => (path === WEIGHTS ? Buffer.from(given).fill(0, 0, 5000) : given));
    const { status, stdout, stderr } = await blockzero("genesis --network t.yaml --out out --force");
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^may be deleted +out.checkpoints, which the blobs hold$/m);
    assert.ok(existsSync(join(cwd, "out", "network.yaml")));
  });
});

describe("a template whose model is on the Hub", { timeout: HANG_GUARD }, () => {
  it("is checked without its weights, and nothing of it stays", async (t) => {
    const { blockzero, weightsAsked } = await setUp(t);
    const { status, stdout, stderr } = await blockzero("network check t.yaml --json");
    assert.equal(status, 0, stderr);
    const { parameters, judgedWholeFrom } = JSON.parse(stdout);
    assert.deepEqual([parameters.total, judgedWholeFrom], [6624, 2 * 4 * 6624]);
    const refused = await blockzero("network check t.yaml", { limits: { artifact_bytes: 1 } });
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /✖ NETWORK_UNWORKABLE limits\.artifact_bytes is 1/);
    const other = await blockzero("network check t.yaml", { model: { preset: "from-checkpoint", vocab_size: 300 } });
    assert.match(other.stderr, /✖ CHECKPOINT_MISMATCH .*vocab_size is 264, the network template says 300/);
    assert.equal(weightsAsked(), 0);
  });

  it("is what text is sealed and checked for, and compared with a network file", async (t) => {
    const { cwd, blockzero, weightsAsked } = await setUp(t);
    const { document } = openArithmetic();
    const texts = Array.from({ length: 4 }, (_, i) => `${JSON.stringify({ text: document(i) })}\n`);
    writeFileSync(join(cwd, "held-back.jsonl"), texts.join(""));
    const sealed = await blockzero("seal held-back.jsonl --network t.yaml --group math --out genesis --json");
    assert.equal(sealed.status, 0, sealed.stderr);
    assert.equal(JSON.parse(sealed.stdout).sealed.envelopes, 4);
    const checked = await blockzero("data check held-back.jsonl --network t.yaml --group math --json");
    assert.equal(checked.status, 0, checked.stderr);
    assert.equal(JSON.parse(checked.stdout).tally.rows, 4);
    writeFileSync(join(cwd, "spelt.yaml"), stringify({ ...smallNetwork, model: { ...model, vocab_size: 300 } }));
    const compared = await blockzero("network diff t.yaml spelt.yaml");
    assert.deepEqual([compared.status, compared.stdout], [1, "model.vocab_size: 264 → 300\n"], compared.stderr);
    assert.equal(weightsAsked(), 0);
  });

  it("is read where a subnet is created for it, and not beside a network file, which has its model", async (t) => {
    const { blockzero } = await setUp(t);
    const create = await blockzero("subnet create --network t.yaml --netuid 9 --chain_endpoint ws://127.0.0.1:1");
    assert.doesNotMatch(create.stderr, /NETWORK_TEMPLATE_INVALID/);
    const made = await blockzero("network check t.yaml", { genesis: "0".repeat(64) });
    assert.equal(made.status, 2);
    assert.match(made.stderr, /✖ USAGE --from needs a template: a network file has its model/);
    const ofSubnet = await blockzero("data check mine.jsonl --group math --chain ws://127.0.0.1:1");
    assert.match(ofSubnet.stderr, /✖ USAGE --from needs a template/);
  });
});
