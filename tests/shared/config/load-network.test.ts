import assert from "node:assert/strict";
import { basename } from "node:path";
import { type TestContext, test } from "node:test";
import { stringify } from "yaml";
import { differingField, loadNetwork, parseNetwork } from "#shared/config/load-network.js";
import { BlockZeroError, formatError } from "#shared/errors/error.js";
import { type Network, networkSchema } from "#shared/protocol/network.js";
import { temporaryFile } from "./fixtures.js";

const network: Network = networkSchema.parse({
  version: 1,
  name: "test",
  netuid: 1,
  phases: { distribute: 4, train: 29, commit: 3, reveal: 3, evaluate: 3, exchange: 2, choose: 2, merge: 3 },
  model: {
    vocab_size: 320,
    hidden_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 16,
    num_experts: 2,
    num_experts_per_tok: 1,
    moe_intermediate_size: 32,
    norm_topk_prob: true,
    rms_norm_eps: 1e-6,
    rope_theta: 10_000,
    max_position_embeddings: 64,
    tie_word_embeddings: true,
  },
  groups: { math: { experts: { "0": [0] }, data: [{ kind: "arithmetic", weight: 1 }] } },
  data: { tokenizer: "byte", sequence_length: 64, held_out: 0.05 },
  training: {},
  scoring: {
    eval_batches: 8,
    eval_batch_size: 4,
    confidence: 0.95,
    top_n: 2,
    rewards: { curve: "top-n", n: 2, decay: { ratio: 2 }, floor: 0 },
    burn: 0,
    window: 3,
    max_update_norm: 0.5,
  },
  limits: { artifact_bytes: 1_000_000 },
  genesis: "ab".repeat(32),
});

const lineOf = (context: TestContext, content: string): string => {
  const file = temporaryFile(context, "n.yaml", content);
  try {
    loadNetwork(file);
  } catch (thrown) {
    assert.ok(thrown instanceof BlockZeroError, String(thrown));
    return formatError(thrown).replaceAll(file, basename(file));
  }
  return assert.fail("nothing was thrown");
};

const HINT =
  "→ docs/network-file.md says what a field takes; if the file is not yours, ask the subnet's owner for the current one";

test("a network file reads back, defaults filled in", (context) => {
  assert.deepEqual(loadNetwork(temporaryFile(context, "n.yaml", stringify(network))), network);
  const { artifact, ...others } = network;
  assert.deepEqual(artifact, { codec: "float32" });
  const bare = { ...others, training: {}, groups: { math: { experts: { 0: [0] }, data: [{ kind: "arithmetic" }] } } };
  assert.deepEqual(loadNetwork(temporaryFile(context, "n.json", JSON.stringify(bare))), network);
});

test("an invalid network names the field", (context) => {
  const { train: _, ...phases } = network.phases;
  const math = { ...network.groups.math, dta: 1 };
  const lineIn = (text: string, what: string) => text.split("\n").findIndex((line) => line.includes(what)) + 1;
  const [short, strange] = [stringify({ ...network, phases }), stringify({ ...network, groups: { math } })];
  assert.equal(
    lineOf(context, short),
    `✖ NETWORK_FILE_INVALID n.yaml:${lineIn(short, "phases:")}: phases.train: Invalid input: expected number, received undefined ${HINT}`,
  );
  assert.equal(
    lineOf(context, strange),
    `✖ NETWORK_FILE_INVALID n.yaml:${lineIn(strange, "dta:")}: unknown field groups.math.dta ${HINT}`,
  );
  assert.match(
    lineOf(context, stringify({ ...network, artifact: { codec: "zip" } })),
    /artifact\.codec is "zip": .*"float32"\|"bfloat16"\|"int8"\|"topk-2bit"/,
  );
  assert.match(lineOf(context, "- 1\n"), /^✖ NETWORK_FILE_INVALID n\.yaml:1: not a network: /);
  assert.match(lineOf(context, "a: [\n"), /^✖ NETWORK_FILE_MALFORMED n\.yaml:2:1: /);
  assert.throws(() => loadNetwork("nowhere.yaml"), { code: "NETWORK_FILE_NOT_FOUND" });
  assert.throws(() => parseNetwork({ ...network, netuid: -1 }, "the chain's record"), {
    code: "NETWORK_FILE_INVALID",
    message: "the chain's record: netuid is -1: Too small: expected number to be >=0",
  });
});

test("an invalid network file names the line and the value of all that is wrong in it, in its order", (context) => {
  const groups = { math: { ...network.groups.math, data: [{ kind: "arithmetic", weight: "x".repeat(100) }] } };
  const text = stringify({ ...network, name: "wrong", phases: { ...network.phases, train: "long" }, groups });
  const at = (what: string) => text.split("\n").findIndex((line) => line.includes(what)) + 1;
  assert.equal(
    lineOf(context, text),
    `✖ NETWORK_FILE_INVALID n.yaml:${at("train: long")}: phases.train is "long": Invalid input: expected number, received string; n.yaml:${at("weight:")}: groups.math.data.0.weight is "${"x".repeat(78)}…: Invalid input: expected number, received string ${HINT}`,
  );
});

test("two networks differ in the field that is named", () => {
  assert.equal(differingField(network, structuredClone(network)), undefined);
  assert.equal(differingField(network, { ...network, phases: { ...network.phases, train: 30 } }), "phases.train");
  const math = { experts: { "0": [1] }, data: [{ kind: "arithmetic", weight: 1 }] };
  assert.equal(differingField(network, { ...network, groups: { math } }), "groups.math.experts.0.0");
  assert.equal(differingField(network, { ...network, groups: {} }), "groups.math");
  assert.equal(differingField({ ...network, groups: {} }, network), "groups.math");
});
