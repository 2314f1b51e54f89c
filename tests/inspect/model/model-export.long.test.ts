import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { exportModel } from "#inspect/model/model-export.js";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { type BlobStore, directoryStore } from "#shared/blobs/blob-store.js";
import { createRandom } from "#shared/data/random.js";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { groupShapes } from "#shared/model/groups.js";
import { initialParameters } from "#shared/model/init.js";
import { encodeParameters } from "#shared/model/part-parameters.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { blobsOf, type ModelManifest, modelHash, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { MICRO, relativeError } from "#tests/shared/model/micro.js";
import { compiled } from "#tests/support/compiled.js";
import { treeOf } from "#tests/support/tree.js";

const TEMPLATE = fileURLToPath(new URL("../../../../configs/localnet/network.yaml", import.meta.url));
const PROGRAM = compiled("cli/main.js");
const HOTKEY = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

const model = { ...MICRO, vocab_size: 264 };
const experts = (ids: readonly number[]) => ({ experts: { 0: [...ids], 1: [...ids] } });
const loaded = loadNetworkTemplate(TEMPLATE);
const template = {
  ...loaded,
  model,
  groups: {
    prose: { ...loaded.groups.prose!, ...experts([0, 1]) },
    math: { ...loaded.groups.math!, ...experts([2, 3]) },
  },
};

/** The owner's store of a localnet with a genesis model. */
const localnet = async (context: TestContext) => {
  const home = temporaryFolder(context);
  const store = directoryStore(join(home, "owner", "blobs"));
  const parameters = initialParameters(model, createRandom("genesis"));
  return {
    home,
    elsewhere: temporaryFolder(context),
    store,
    parameters,
    genesis: await storeGenesis(store, template, parameters),
  };
};

/** A successor in which the prose group changed, stored by a validator. */
const merge = async (
  { home, store: owner, genesis }: Awaited<ReturnType<typeof localnet>>,
  { cycle, scale, player = "validator-1" }: { cycle: number; scale: number; player?: string },
) => {
  const store = directoryStore(join(home, "players", player, HOTKEY, "blobs"));
  const parsed = parseModelManifest((await owner.get(genesis.modelHash))!);
  assert.ok(parsed.ok);
  const shapes = Object.keys(groupShapes(model, template.groups.prose));
  const fresh = initialParameters(model, createRandom(`merged ${scale}`));
  const prose = encodeParameters(Object.fromEntries(shapes.map((name) => [name, fresh[name]!])));
  await store.put(prose.bytes);
  const manifest: ModelManifest = {
    ...parsed.value,
    network: genesis.networkHash,
    cycle,
    parent: genesis.modelHash,
    parts: {
      ...parsed.value.parts,
      groups: {
        ...parsed.value.parts.groups,
        prose: { weights: { hash: prose.hash, bytes: prose.bytes.length }, momentum: null },
      },
    },
    merged: [
      { uid: 4, hotkey: HOTKEY, group: "prose", artifact: "a".repeat(64), tensors: "b".repeat(64), share: 0.6 },
      { uid: 5, hotkey: HOTKEY, group: "prose", artifact: "c".repeat(64), tensors: "d".repeat(64), share: 0.4 },
    ],
  };
  await store.put(canonicalBytes(manifest));
  return { hash: modelHash(manifest), prose: fresh, store };
};

const fault = (code: ErrorCode, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof BlockZeroError, String(thrown));
  assert.equal(thrown.code, code);
  assert.match(thrown.message, message);
  assert.ok(!/\n/.test(thrown.message + thrown.hint));
  return true;
};

const deletePart = async (store: BlobStore, manifestHash: string, group: string) => {
  const parsed = parseModelManifest((await store.get(manifestHash))!);
  assert.ok(parsed.ok);
  await store.delete(blobsOf(parsed.value.parts.groups[group]!.weights)[0]!.hash);
};

describe("blockzero model export", () => {
  it("writes the genesis model as a checkpoint", async (context) => {
    const { home, parameters, genesis } = await localnet(context);
    const out = join(home, "exported");
    const { hash } = await exportModel({ home, model: "latest", out });
    assert.equal(hash, genesis.modelHash);
    const checkpoint = await readCheckpoint(out, model);
    assert.deepEqual(checkpoint.parameters, parameters);
    assert.equal(checkpoint.metadata.get("blockzero.model"), hash);
    const card = readFileSync(join(out, "README.md"), "utf8");
    assert.match(card, /^---\nlibrary_name: transformers\n/);
    const { network } = genesis;
    assert.ok(
      card.includes(`blockzero: {"network":"${genesis.networkHash}","cycle":0,"model":"${hash}","parent":null}\n`),
    );
    assert.ok(card.includes(network.name));
    assert.deepEqual(JSON.parse(readFileSync(join(out, "generation_config.json"), "utf8")), {
      bos_token_id: 256,
      eos_token_id: 256,
      pad_token_id: 256,
      do_sample: false,
    });
    const tokenizer = JSON.parse(readFileSync(join(out, "tokenizer.json"), "utf8"));
    assert.equal(tokenizer.model.vocab.A, 65);
    assert.match(card, /genesis model/);
  });

  it("assembles the latest model from everybody's blobs, with a card of where it came from", async (context) => {
    const net = await localnet(context);
    await merge(net, { cycle: 7, scale: 1 });
    const { hash, prose } = await merge(net, { cycle: 8, scale: 2, player: "validator-2" });
    const out = join(net.home, "exported");
    assert.equal((await exportModel({ home: net.home, model: "latest", out })).hash, hash);
    const { parameters } = await readCheckpoint(out, model);
    const up = (expert: number) => `model.layers.1.mlp.experts.${expert}.up_proj.weight`;
    assert.deepEqual(parameters[up(1)], prose[up(1)]);
    assert.deepEqual(parameters[up(2)], net.parameters[up(2)]);
    const card = readFileSync(join(out, "README.md"), "utf8");
    for (const part of [hash, "cycle 8", `localnet, \`${net.genesis.networkHash}\``, "| 4 |", "0.6000", "c".repeat(64)])
      assert.ok(card.includes(part), part);
    assert.match(card, new RegExp(`${net.genesis.modelHash}. \\| genesis`));
  });

  it("finds a model by the beginning of its hash", async (context) => {
    const net = await localnet(context);
    await merge(net, { cycle: 7, scale: 1 });
    const out = join(net.home, "exported");
    const { hash } = await exportModel({ home: net.home, model: net.genesis.modelHash.slice(0, 12), out });
    assert.equal(hash, net.genesis.modelHash);
  });

  it("does not guess between two models of one cycle", async (context) => {
    const net = await localnet(context);
    const a = await merge(net, { cycle: 7, scale: 1 });
    const b = await merge(net, { cycle: 7, scale: 2, player: "validator-2" });
    const out = join(net.home, "exported");
    await assert.rejects(exportModel({ home: net.home, model: "latest", out }), fault("MODEL_AMBIGUOUS", /2 models/));
    assert.equal((await exportModel({ home: net.home, model: a.hash, out })).hash, a.hash);
    assert.notEqual(a.hash, b.hash);
  });

  it("says what is wrong, and writes nothing", async (context) => {
    const net = await localnet(context);
    const { home, store, genesis } = net;
    const out = join(home, "exported");
    const refuses = (code: ErrorCode, message: RegExp, options: { home?: string; model?: string; out?: string } = {}) =>
      assert.rejects(exportModel({ home, model: "latest", out, ...options }), fault(code, message));
    await refuses("MODEL_UNKNOWN", /no model f{64}/, { model: "f".repeat(64) });
    await refuses("MODEL_UNKNOWN", new RegExp(genesis.networkHash), { model: genesis.networkHash });
    await refuses("MODEL_UNKNOWN", /no model \.\./, { model: "../../secret" });
    await refuses("HOME_WITHOUT_BLOBS", /no blob directory/, { home: join(home, "elsewhere") });
    const empty = join(home, "empty");
    mkdirSync(join(empty, "blobs"), { recursive: true });
    await refuses("MODEL_UNKNOWN", /no model is in/, { home: empty });
    await refuses("OUT_NOT_EMPTY", /is not empty/, { out: home });
    await deletePart(store, genesis.modelHash, "math");
    await refuses("MODEL_PART_MISSING", /the group math of the model, blob [0-9a-f]{64}/);
    assert.ok(!existsSync(out));
  });

  it("refuses parts that are not the model's", async (context) => {
    const { home, store, genesis } = await localnet(context);
    const parsed = parseModelManifest((await store.get(genesis.modelHash))!);
    assert.ok(parsed.ok);
    const { hub, groups } = parsed.value.parts;
    const variant = async (parts: ModelManifest["parts"], code: ErrorCode, message: RegExp) => {
      const manifest = { ...parsed.value, parts };
      await store.put(canonicalBytes(manifest));
      const out = join(home, "exported");
      await assert.rejects(exportModel({ home, model: modelHash(manifest), out }), fault(code, message));
    };
    const twice = { ...groups, math: groups.prose! };
    await variant({ hub, groups: twice }, "MODEL_PART_MALFORMED", /group prose.*as another part does/);
    await variant(
      { hub, groups: { prose: groups.prose! } },
      "CHECKPOINT_MISMATCH",
      /experts\.2\.gate_proj\.weight is missing/,
    );
    const bytes = canonicalBytes({ not: "tensors" });
    const blob = { hash: await store.put(bytes), bytes: bytes.length };
    await variant({ hub: blob, groups }, "MODEL_PART_MALFORMED", /hub of the model/);
  });

  it("writes the precision that is asked for, in shards, whatever the order of the parts", async (context) => {
    const { home, parameters } = await localnet(context);
    const out = join(home, "exported");
    await exportModel({ home, model: "latest", out, dtype: "bfloat16", maxShardBytes: 4000 });
    const read = await readCheckpoint(out, model);
    const name = "model.layers.1.mlp.experts.3.up_proj.weight";
    assert.ok(relativeError(read.parameters[name]!.data, parameters[name]!.data) < 2 ** -8);
    assert.ok(readdirSync(out).filter((file) => /^model-.*-of-.*\.safetensors$/.test(file)).length > 3);
    assert.equal(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).torch_dtype, "bfloat16");
  });

  it("changes nothing where it reads: what is damaged is named, and stays", async (context) => {
    const net = await localnet(context);
    const { home, genesis } = net;
    await merge(net, { cycle: 7, scale: 1 });
    const newest = await merge(net, { cycle: 8, scale: 2, player: "validator-2" });
    const program = (...args: readonly string[]) =>
      spawnSync(process.execPath, [PROGRAM, "model", ...args, "--home", home], { encoding: "utf8" });
    const path = (player: string, hash: string) =>
      join(home, "players", player, HOTKEY, "blobs", hash.slice(0, 2), hash);
    const own = path("validator-2", newest.hash);
    const sound = readFileSync(own);
    writeFileSync(own, Buffer.from(sound).fill(0x20, 0, 1));
    const untouched = treeOf(home);

    // Only the one before is left to be shown: that is not the whole answer.
    const logged = program("log");
    assert.equal(logged.status, 1);
    assert.match(logged.stdout, /^model [0-9a-f]{64} {2}cycle 7$/m);
    assert.equal(logged.stderr, `${own} has other bytes, and no sound copy is at hand\n`);
    const older = program("export", "--out", join(net.elsewhere, "older"));
    const again = program("export", "--out", join(net.elsewhere, "again"), "--json");
    assert.deepEqual([older.status, older.stderr], [1, logged.stderr]);
    assert.equal(again.status, 1);
    const { model: exported, cycle, lost } = JSON.parse(again.stdout);
    assert.ok(older.stdout.includes(exported));
    assert.deepEqual([cycle, lost], [7, [newest.hash]]);
    const unknown = program("log", "--model", newest.hash);
    assert.equal(unknown.status, 2);
    assert.ok(unknown.stderr.startsWith(logged.stderr) && unknown.stderr.includes("✖ MODEL_UNKNOWN"), unknown.stderr);
    assert.deepEqual(treeOf(home), untouched);

    // Somebody else has it whole.
    const other = path("validator-1", newest.hash);
    mkdirSync(dirname(other), { recursive: true });
    writeFileSync(other, sound);
    const whole = program("log");
    assert.deepEqual([whole.status, whole.stderr], [0, `${own} has other bytes\n`]);
    assert.match(whole.stdout, /cycle 8\n/);

    const parts = parseModelManifest((await net.store.get(genesis.modelHash))!);
    assert.ok(parts.ok);
    const { hash } = blobsOf(parts.value.parts.hub)[0]!;
    const hub = join(home, "owner", "blobs", hash.slice(0, 2), hash);
    writeFileSync(hub, readFileSync(hub).fill(1, 100, 108));
    const damaged = treeOf(home);
    const refused = program("export", "--out", join(net.elsewhere, "newest"));
    assert.equal(refused.status, 2);
    assert.ok(refused.stderr.includes(`${hub} has other bytes, and no sound copy is at hand\n`), refused.stderr);
    assert.match(
      refused.stderr,
      /^✖ MODEL_PART_DAMAGED the hub of the model, blob [0-9a-f]{64}, has no sound copy in /m,
    );
    assert.deepEqual(treeOf(home), damaged);
  });

  it("has a card with what the Hub indexes, as far as it is known", async (context) => {
    const { home } = await localnet(context);
    const out = join(home, "exported");
    const provenance = { baseModel: "owner/base", license: "apache-2.0", datasets: ["owner/a", "owner/b-2"] };
    await exportModel({ home, model: "latest", out, ...provenance });
    const [, front = ""] = readFileSync(join(out, "README.md"), "utf8").split(/^---\n/m);
    assert.deepEqual(parse(front), {
      ...parse(front),
      base_model: "owner/base",
      base_model_relation: "finetune",
      license: "apache-2.0",
      datasets: ["owner/a", "owner/b-2"],
      tags: ["blockzero", "qwen3_moe", "mixture-of-experts"],
      pipeline_tag: "text-generation",
    });
  });

  it("is a command, whose errors are one line", async (context) => {
    const { home, genesis } = await localnet(context);
    const run = (...args: readonly string[]) =>
      spawnSync(process.execPath, [PROGRAM, "model", "export", "--home", home, ...args], { encoding: "utf8" });
    const out = join(home, "exported");
    const wrong = run("--out", out, "--max-shard-size", "5 furlongs");
    assert.match(wrong.stderr, /^✖ USAGE [^\n]*5GB[^\n]*\n$/);
    const done = run("--out", out, "--dtype", "float16", "--max-shard-size", "4KB");
    assert.equal(done.status, 0, done.stderr);
    assert.ok(existsSync(join(out, "model.safetensors.index.json")));
    assert.ok(done.stdout.includes(genesis.modelHash));
    assert.ok(existsSync(join(out, "config.json")));
    const again = run("--out", out);
    assert.equal(again.status, 2);
    assert.match(again.stderr, /^✖ OUT_NOT_EMPTY [^\n]* → [^\n]*\n$/);
  });
});
