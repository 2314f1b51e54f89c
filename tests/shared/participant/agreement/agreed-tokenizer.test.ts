import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { groupHeldOutBatches } from "#datasets/group-data.js";
import { checkPinned } from "#shared/config/check-network.js";
import { loadNetwork } from "#shared/config/load-network.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import { checkVocabulary } from "#shared/data/vocabulary.js";
import { sha256 } from "#shared/protocol/hash.js";
import { networkBytes, networkHash } from "#shared/protocol/network.js";
import { changeOf } from "#shared/protocol/succession.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";
import { smallTokenizerFiles } from "#tests/support/small-tokenizer.js";
import { openSubnet } from "#tests/support/subnet.js";
import { temporaryFolder } from "../../artifact/temporary.js";

/** A tokenizer of bytes and three special tokens alone, which fits the micro network's model. */
const tokenizerBytes = (): Buffer => {
  const document = JSON.parse(smallTokenizerFiles.tokenizer.toString());
  const { added_tokens, model } = document;
  const vocab = Object.fromEntries(Object.entries(model.vocab).filter(([, id]) => Number(id) < 259));
  const added = added_tokens.filter(({ special }: { special: boolean }) => special);
  return Buffer.from(JSON.stringify({ ...document, added_tokens: added, model: { ...model, vocab, merges: [] } }));
};

const open = async (t: TestContext, salt = "") => {
  const folder = temporaryFolder(t);
  const path = join(folder, "tokenizer.json");
  const config = join(folder, "tokenizer_config.json");
  const bytes = Buffer.concat([tokenizerBytes(), Buffer.from(salt)]);
  writeFileSync(path, bytes);
  writeFileSync(config, smallTokenizerFiles.config);
  const data = { ...template.data, tokenizer: { path, config: { path: config } } };
  return { subnet: await openSubnet(t, { network: { data } }), path, hash: sha256(bytes), folder };
};

describe("the tokenizer that a network names", { timeout: HANG_GUARD }, () => {
  it("is named by its content: no path is published, and none decides", async (t) => {
    const { subnet, hash } = await open(t);
    const { network, networkHash: published } = subnet;
    const { tokenizer } = network.data;
    assert.ok(tokenizer !== "byte");
    assert.deepEqual([tokenizer.sha256, tokenizer.config?.sha256], [hash, sha256(smallTokenizerFiles.config)]);
    assert.doesNotMatch(Buffer.from(networkBytes(network)).toString(), /tokenizer\.json|"path"/);
    const elsewhere = { ...network.data, tokenizer: { ...tokenizer, path: "/elsewhere" } };
    assert.equal(networkHash({ ...network, data: elsewhere }), published);
    checkPinned(network);
    const unpinned = { ...network.data, tokenizer: { path: "tokenizer.json" } };
    assert.throws(
      () => checkPinned({ ...network, data: unpinned }),
      coded("NETWORK_UNPINNED", /tokenizer\.json has no sha256/),
    );
    assert.deepEqual(changeOf(network, { ...network, data: { ...network.data, tokenizer: "byte" } }), {
      effect: "resets",
      reasons: ["data.tokenizer: its tokens are others"],
    });
    const spoken = {
      ...tokenizer,
      chat_template: { sha256: hash, bytes: 1 },
      generation_config: { sha256: hash, bytes: 1 },
    };
    assert.deepEqual(changeOf(network, { ...network, data: { ...network.data, tokenizer: spoken } }), {
      effect: "keeps",
    });
  });

  it("is fetched by whoever joins, and everybody draws the same tokens", async (t) => {
    const { subnet, path } = await open(t, "  ");
    rmSync(path);
    const vera = await subnet.join("vera");
    const drawn = (network: typeof vera.network) =>
      groupHeldOutBatches(network, "math", { batches: 2, batchSize: 2, seed: "0".repeat(64) });
    assert.deepEqual(drawn(vera.network), drawn(subnet.network));
    const { tokenizer } = vera.network.data;
    assert.ok(tokenizer !== "byte" && tokenizer.path?.includes("vera"), JSON.stringify(tokenizer));
  });

  it("must be there before anybody joins, and whoever lacks it is told what and what to do", async (t) => {
    const { subnet, hash } = await open(t);
    await subnet.store.delete(hash);
    await assert.rejects(
      subnet.join("vera"),
      coded("TOKENIZER_MISSING", new RegExp(`^the network's tokenizer.json \\(${hash}, \\d+ bytes\\) cannot be had: `)),
    );
  });

  it("must fit the model, and both sizes are named", async (t) => {
    const { subnet } = await open(t);
    const { network } = subnet;
    checkVocabulary(network);
    assert.throws(
      () => checkVocabulary({ ...network, model: { ...network.model, vocab_size: 258 } }),
      coded("VOCABULARY_TOO_SMALL", /^model\.vocab_size is 258, the tokenizer "[0-9a-f]{8}" has 259 tokens$/),
    );
  });

  it("stands beside the file that names it, and is refused where it is another's", async (t) => {
    const { subnet, folder, hash } = await open(t, "   ");
    const tokenizer = { path: "tokenizer.json", sha256: hash, bytes: 1 };
    const file = join(folder, "network.yaml");
    writeFileSync(file, JSON.stringify({ ...subnet.network, data: { ...subnet.network.data, tokenizer } }));
    const { data } = loadNetwork(file);
    assert.equal(openTokenizer(data).size, 259);
    writeFileSync(join(folder, "tokenizer.json"), "{}");
    const named = data.tokenizer;
    assert.ok(named !== "byte");
    const other = { ...named, sha256: sha256(Buffer.from("other")) };
    assert.throws(() => openTokenizer({ tokenizer: other }), coded("TOKENIZER_MISMATCH"));
    assert.throws(() => openTokenizer({ tokenizer: { path: named.path } }), coded("TOKENIZER_INVALID"));
    const pipe = join(folder, "pipe");
    const isPipe = process.platform !== "win32" && spawnSync("mkfifo", [pipe]).status === 0;
    for (const path of [undefined, folder, join(folder, "none"), ...(isPipe ? [pipe] : [])])
      assert.throws(() => openTokenizer({ tokenizer: { path } }), coded("TOKENIZER_NOT_FOUND"));
  });
});
