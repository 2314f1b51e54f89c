import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { parse, stringify } from "yaml";
import { exportModel } from "#inspect/model/model-export.js";
import { type ImportOptions, importCheckpoint } from "#owner/genesis/checkpoint-import.js";
import { openCheckpointLog } from "#owner/genesis/checkpoint-log.js";
import { checkpointTokenizer, checkTokenizer } from "#owner/genesis/checkpoint-tokenizer.js";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { pinSources } from "#owner/network/pin-sources.js";
import { directoryStore, type LocalStore } from "#shared/blobs/blob-store.js";
import { byteSize } from "#shared/cli/byte-size.js";
import { byteTokenizerFiles } from "#shared/data/byte-tokenizer-files.js";
import { readCheckpoint, writeCheckpoint } from "#shared/model/checkpoint.js";
import { openCheckpoint, readCheckpointConfig } from "#shared/model/checkpoint-reader.js";
import { loadPart } from "#shared/parts/load-part.js";
import { openPart } from "#shared/parts/open-part.js";
import { sha256 } from "#shared/protocol/hash.js";
import { parseModelManifest } from "#shared/protocol/model-manifest.js";
import { smallNetwork } from "#tests/programs/small-network.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { microParameters } from "#tests/shared/model/micro.js";
import { compiled } from "#tests/support/compiled.js";

const PROGRAM = compiled("cli/main.js");
const { model } = smallNetwork;
const group = smallNetwork.groups.math!;

const published = async (context: TestContext) => {
  const home = temporaryFolder(context);
  const checkpoint = join(home, "published");
  const parameters = microParameters(model);
  await writeCheckpoint(checkpoint, model, parameters, { dtype: "bfloat16", maxShardBytes: 4000 });
  const template = (change: object): string => {
    const file = join(home, "template.yaml");
    writeFileSync(file, stringify({ ...smallNetwork, ...change }));
    return file;
  };
  return { home, checkpoint, template, out: join(home, "genesis") };
};

const genesis = (...args: readonly string[]) =>
  spawnSync(process.execPath, [PROGRAM, "genesis", ...args], { encoding: "utf8" });

const LOG = "from-checkpoint.jsonl";

/** The hash of the model that a checkpoint is stored as. */
const imported = async (store: LocalStore, dir: string, options?: ImportOptions, limits = smallNetwork.limits) => {
  const checkpoint = await openCheckpoint(dir, { model });
  try {
    return await importCheckpoint(store, { ...smallNetwork, limits }, checkpoint, options);
  } finally {
    await checkpoint.close();
  }
};

/** An import that keeps a log: its hash, how many blobs it wrote, and the shares that it told. */
const logged = async (home: string, dir: string, signalAt = Number.POSITIVE_INFINITY) => {
  const store = directoryStore(join(home, "blobs"));
  const checkpoint = await openCheckpoint(dir, { model });
  const log = await openCheckpointLog(home, checkpoint, store);
  const stop = new AbortController();
  const shares: number[] = [];
  let written = 0;
  try {
    const hash = await imported(
      store,
      dir,
      {
        signal: stop.signal,
        once: (header, write) =>
          log.blob(header, async () => {
            const blob = await write();
            written++;
            return blob;
          }),
        onStored: (share) => {
          shares.push(share);
          if (share > signalAt) stop.abort(new Error("stop"));
        },
      },
      { ...smallNetwork.limits, part_bytes: 600 },
    ).catch((thrown: Error) => thrown.message);
    return { hash, written, shares };
  } finally {
    log.close();
    await checkpoint.close();
  }
};

describe("genesis from a checkpoint", () => {
  it("stores the same model as one that was in memory", async (context) => {
    const { home, checkpoint } = await published(context);
    const { parameters } = await readCheckpoint(checkpoint, model);
    const inMemory = await storeGenesis(directoryStore(join(home, "a")), smallNetwork, parameters);
    const whole = join(home, "whole");
    await writeCheckpoint(whole, model, parameters, { dtype: "float32" });
    const streamed = await imported(directoryStore(join(home, "b")), whole);
    assert.equal(streamed, inMemory.modelHash);
  });

  it("stores one of half precision as it is, and all that read it compute with the same numbers", async (context) => {
    const { home, checkpoint } = await published(context);
    const { parameters } = await readCheckpoint(checkpoint, model);
    const store = directoryStore(join(home, "a"));
    const hash = await imported(store, checkpoint);
    const manifest = parseModelManifest((await store.get(hash))!);
    assert.ok(manifest.ok);
    const { hub, groups } = manifest.value.parts;
    const read: Record<string, unknown> = {};
    for (const part of [hub, ...Object.values(groups).map(({ weights }) => weights)]) {
      const opened = await openPart(async (blob) => (await store.open(blob.hash))!, part, null, "a part");
      for (const [name, { dtype, bytes, shape }] of opened.tensors)
        assert.deepEqual([dtype, bytes], ["BF16", 2 * shape.reduce((product, size) => product * size, 1)], name);
      Object.assign(read, await loadPart(opened));
    }
    assert.deepEqual(read, { ...parameters });
  });

  it("begins a network whose model is the checkpoint, its shape taken from there", async (context) => {
    const { checkpoint, template, out, home } = await published(context);
    const file = template({ model: "from-checkpoint", first_cycle: 7 });
    const { status, stderr, stdout } = genesis("--network", file, "--out", out, "--from", checkpoint, "--force");
    assert.equal(status, 0, stderr);
    assert.match(stdout, /parameters +6,624/);
    const network = parse(readFileSync(join(out, "network.yaml"), "utf8"));
    const groups = await pinSources(directoryStore(join(home, "text")), smallNetwork.groups);
    assert.deepEqual(network, { ...smallNetwork, groups, first_cycle: 7, genesis: network.genesis });
    const again = join(home, "again");
    const { hash } = await exportModel({ home: out, model: "latest", out: again });
    assert.equal(hash, network.genesis);
    assert.deepEqual(
      (await readCheckpoint(again, model)).parameters,
      (await readCheckpoint(checkpoint, model)).parameters,
    );
  });

  it("measures shards from the checkpoint's files, says how far it is, and leaves no file of that", async (context) => {
    const { checkpoint, template, out } = await published(context);
    const from = ["--network", template({}), "--out", out, "--from", checkpoint];
    const refused = genesis(...from, "--shard-margin", "0");
    assert.match(refused.stderr, /✖ SHARD_DIFFERS loss on a group's text differs by more than 0 nats: "prose" \d/);
    assert.match(refused.stderr, /^measuring {2}█+░+ {2}prose, restricted {2}layer 1\/1 {2}\d.* left/m);
    assert.doesNotMatch(refused.stderr, /math/, "the first group that differs ends it");
    assert.deepEqual(readdirSync(out), [LOG]);
    const { status, stderr, stdout } = genesis(...from, "--shard-margin", "100");
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^measuring {2}█+ {2}math, restricted {2}layer 1\/1$/m);
    assert.doesNotMatch(stderr, /prose/, "what was measured is not measured again");
    assert.match(stderr, /^importing {2}█+ {2}100\.0 %/m);
    assert.match(stdout, /^val_loss math +\d\.\d{4} nats, val_bpb \d\.\d{4}$/m);
    assert.match(stdout, /^shard loss prose +\d\.\d{4} nats, restricted$/m);
    assert.deepEqual(readdirSync(out).sort(), ["blobs", "network.yaml"]);
  });

  it("says in one line why it cannot", async (context) => {
    const { checkpoint, template, out, home } = await published(context);
    const refuses = (change: object, args: readonly string[], message: RegExp) => {
      const { status, stderr } = genesis("--network", template(change), "--out", out, ...args);
      assert.equal(status, 2, stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trim().split("\n").length, 1);
      assert.ok(!existsSync(join(out, "network.yaml")));
    };
    const from = ["--from", checkpoint];
    refuses(
      { model: { ...model, rms_norm_eps: 1e-5 } },
      from,
      /✖ CHECKPOINT_MISMATCH checkpoint .*published does not fit the network template: rms_norm_eps is 0\.000001, the network template says 0\.00001/,
    );
    refuses({ limits: { artifact_bytes: 1 } }, from, /✖ NETWORK_UNWORKABLE limits\.artifact_bytes is 1, an update of /);
    assert.ok(!existsSync(join(out, "blobs")));
    refuses({}, [...from, "--steps", "3"], /✖ USAGE .*--from.* cannot be used with .*--steps/);
    refuses({}, ["--other-tokenizer"], /✖ USAGE --other-tokenizer needs --from/);
    await assert.rejects(readCheckpointConfig(join(home, "nowhere")), { code: "CHECKPOINT_NOT_FOUND" });
    const file = template({ model: "from-checkpoint", groups: { math: { ...group, experts: { "0": [2] } } } });
    assert.throws(() => loadNetworkTemplate(file), /model: from-checkpoint needs a checkpoint/);
    assert.throws(() => loadNetworkTemplate(file, model), { code: "EXPERT_GROUP_INVALID" });
  });

  it("takes the checkpoint's tokenizer, and refuses another unless it is meant", async (context) => {
    const { checkpoint, template, out, home } = await published(context);
    const files = byteTokenizerFiles();
    const document = JSON.parse(files["tokenizer.json"]);
    const added = { ...document.added_tokens[0], id: 257, content: "<|more|>" };
    const own = JSON.stringify({ ...document, added_tokens: [...document.added_tokens, added] });
    writeFileSync(join(checkpoint, "tokenizer.json"), own);
    const with_ = (tokenizer: unknown) => ({ data: { ...smallNetwork.data, tokenizer } });
    const from = ["--out", out, "--from", checkpoint];
    const other = genesis("--network", template(with_("byte")), ...from);
    assert.equal(other.status, 2, other.stderr);
    const hash = sha256(Buffer.from(own));
    assert.match(
      other.stderr,
      new RegExp(`✖ TOKENIZER_OTHER the checkpoint's tokenizer.json is ${hash.slice(0, 8)}, data.tokenizer is byte: `),
    );
    assert.match(other.stderr, /add --other-tokenizer to `blockzero genesis`/);
    assert.match(genesis("--network", template(with_("byte")), ...from, "--force").stderr, /✖ TOKENIZER_OTHER/);
    assert.ok(!existsSync(join(out, "network.yaml")));
    await assert.rejects(checkTokenizer(checkpoint, { sha256: sha256(Buffer.from("x")) }), { code: "TOKENIZER_OTHER" });
    await checkTokenizer(checkpoint, { sha256: hash });
    writeFileSync(join(checkpoint, "tokenizer_config.json"), files["tokenizer_config.json"]);
    const taken = loadNetworkTemplate(template(with_("from-checkpoint")), model, await checkpointTokenizer(checkpoint));
    const [path, config] = ["tokenizer.json", "tokenizer_config.json"].map((name) => join(checkpoint, name));
    assert.deepEqual(taken.data.tokenizer, { path, config: { path: config } });
    const { status, stderr } = genesis("--network", template(with_("from-checkpoint")), ...from, "--force");
    assert.equal(status, 0, stderr);
    assert.equal(parse(readFileSync(join(out, "network.yaml"), "utf8")).data.tokenizer.sha256, hash);
    const meant = ["--out", join(home, "meant"), "--from", checkpoint, "--other-tokenizer", "--force"];
    const allowed = genesis("--network", template(with_("byte")), ...meant);
    assert.equal(allowed.status, 0, allowed.stderr);
    writeFileSync(join(checkpoint, "tokenizer.json"), files["tokenizer.json"]);
    await checkTokenizer(checkpoint, "byte");
    rmSync(join(checkpoint, "tokenizer.json"));
    await checkTokenizer(checkpoint, "byte");
    assert.throws(
      () => loadNetworkTemplate(template(with_("from-checkpoint")), model, null),
      /data\.tokenizer: the checkpoint has no tokenizer\.json/,
    );
    assert.throws(
      () => loadNetworkTemplate(template(with_("from-checkpoint")), model),
      /data\.tokenizer: from-checkpoint needs a checkpoint/,
    );
  });

  it("goes on where it was stopped, and begins anew with other files", async (context) => {
    const { home, checkpoint } = await published(context);
    const [whole, apart] = ["whole", "apart"].map((name) => join(home, name)) as [string, string];
    for (const folder of [whole, apart]) mkdirSync(folder);
    const expected = await logged(whole, checkpoint);
    assert.ok(expected.written > 4, `${expected.written} blobs`);
    const first = await logged(apart, checkpoint, 0.5);
    assert.equal(first.hash, "stop");
    assert.ok(first.written > 0 && first.written < expected.written);
    const file = join(apart, LOG);
    // As a process that was killed in the middle of a line leaves it.
    writeFileSync(file, '\n{"key":"', { flag: "a" });
    const second = await logged(apart, checkpoint);
    assert.deepEqual([second.hash, second.written], [expected.hash, expected.written - first.written]);
    assert.equal(second.shares.at(-1), 1);
    assert.deepEqual(
      second.shares,
      [...second.shares].sort((a, b) => a - b),
    );
    assert.equal((await logged(apart, checkpoint)).written, 0);
    const [line] = readFileSync(file, "utf8").split("\n").filter(Boolean);
    rmSync(directoryStore(join(apart, "blobs")).path(JSON.parse(line!).blob.hash));
    assert.equal((await logged(apart, checkpoint)).written, 1, "a blob that is gone");
    const config = join(checkpoint, "config.json");
    const { atime, mtime } = statSync(config);
    writeFileSync(config, readFileSync(config));
    utimesSync(config, atime, mtime);
    assert.equal((await logged(apart, checkpoint)).written, expected.written, "a file that was written to");
  });

  it("stops between two parts when told to", async (context) => {
    const { home, checkpoint } = await published(context);
    const stop = AbortSignal.abort(new Error("stop"));
    const store = directoryStore(join(home, "a"));
    await assert.rejects(imported(store, checkpoint, { signal: stop }), /stop/);
  });
});

it("sizes in bytes are read as people write them", () => {
  for (const [text, bytes] of [
    ["5GB", 5e9],
    ["512MiB", 2 ** 29],
    ["1.5 kb", 1500],
    ["7", 7],
    ["9B", 9],
  ] as const)
    assert.equal(byteSize(text), bytes);
  for (const text of ["", "GB", "-1", "5 furlongs", "0", "1e3", "5GBB", "constructor", "1constructor", "9999999999GB"])
    assert.throws(() => byteSize(text), /5GB or 512MiB/, text);
});
