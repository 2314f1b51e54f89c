import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { stringify } from "yaml";
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

  it("is read where a subnet is created for it, and not beside a network file, which has its model", async (t) => {
    const { blockzero } = await setUp(t);
    const create = await blockzero("subnet create --network t.yaml --netuid 9 --chain_endpoint ws://127.0.0.1:1");
    assert.doesNotMatch(create.stderr, /NETWORK_TEMPLATE_INVALID/);
    const made = await blockzero("network check t.yaml", { genesis: "0".repeat(64) });
    assert.equal(made.status, 2);
    assert.match(made.stderr, /✖ USAGE --from needs a template: a network file has its model/);
  });
});
