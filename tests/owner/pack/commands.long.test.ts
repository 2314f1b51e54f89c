import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse, stringify } from "yaml";
import { sealedTextSchema } from "#shared/protocol/expert-group.js";
import { networkSchema } from "#shared/protocol/network.js";
import { run } from "#tests/programs/process.js";
import { smallNetwork } from "#tests/programs/small-network.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { corpus, paragraphs, writeCorpus } from "./material.js";

describe("an owner with a corpus", { timeout: HANG_GUARD }, () => {
  it("packs it, makes a network that names the pack, checks other text against it, and seals a second pack", async (t) => {
    const cwd = temporaryFolder(t);
    writeCorpus(cwd, corpus(300), "public.jsonl");
    writeCorpus(cwd, paragraphs().slice(400, 460), "held-back.jsonl");
    writeCorpus(cwd, [...paragraphs().slice(500, 510), paragraphs()[1]], "mine.jsonl");
    const owner = (...args: readonly string[]) => run("blockzero", args, { cwd });
    const made = async (...args: readonly string[]) => {
      const { status, stdout, stderr } = await owner(...args);
      assert.equal(status, 0, stderr);
      return stdout;
    };
    const packing = ["--tokenizer", "byte", "--held-out", "0.1", "--shard-bytes", "16KiB"];
    const report = await made("data", "pack", "public.jsonl", "--out", "public", ...packing);
    assert.match(report, /near duplicates +\d+/);
    await made("data", "pack", "held-back.jsonl", "--out", "held-back", ...packing);
    const { hash } = JSON.parse(await made("data", "pack", "public.jsonl", "--out", "again", "--json", ...packing));

    const prose = { ...smallNetwork.groups.prose!, data: [{ kind: "pack", path: "public" }] };
    writeFileSync(
      join(cwd, "template.yaml"),
      stringify({ ...smallNetwork, groups: { ...smallNetwork.groups, prose } }),
    );
    await made("genesis", "--network", "template.yaml", "--out", "genesis", "--steps", "1");
    const network = networkSchema.parse(parse(readFileSync(join(cwd, "genesis/network.yaml"), "utf8")));
    assert.equal(network.groups.prose!.data[0]!.sha256, hash);
    assert.equal(network.groups.prose!.data[0]!.path, undefined);

    const check = ["data", "check", "mine.jsonl", "--network", "template.yaml", "--group", "prose"];
    assert.match(await made(...check), /^shares text with the group's training part +1$/m);
    assert.match((await owner(...check.slice(0, -1), "verse")).stderr, /✖ GROUP_UNKNOWN /);

    const seal = [
      "--network",
      "template.yaml",
      "--out",
      "genesis",
      "--group",
      "prose",
      "--opens",
      "2030-01-01T00:00:00Z",
    ];
    const sealed = await made("seal", "held-back", ...seal);
    assert.match(sealed, /^documents +5\d$/m);
    sealedTextSchema.parse(parse(sealed.slice(sealed.indexOf("sealed:"))).sealed);
    assert.match((await owner("seal", "again", ...seal)).stderr, /✖ SEAL_PUBLIC \d+ of the documents in again are in/);
  });

  it("is told in one line what is wrong", async (t) => {
    const cwd = temporaryFolder(t);
    writeCorpus(cwd, paragraphs().slice(0, 5));
    writeFileSync(join(cwd, "bad.yaml"), "held_out: 2\n");
    const pack = (...args: readonly string[]) => run("blockzero", ["data", "pack", ...args, "--out", "out"], { cwd });
    for (const [args, line] of [
      [["corpus.jsonl", "--tokenizer", "byte", "--config", "bad.yaml"], /^✖ PACK_SETTINGS bad\.yaml: held_out: /],
      [["corpus.jsonl", "--tokenizer", "none.json"], /^✖ TOKENIZER_NOT_FOUND /],
      [["none.jsonl", "--tokenizer", "byte"], /^✖ DATASET_NOT_FOUND /],
      [["corpus.jsonl", "--tokenizer", "byte", "--benchmark", "none.jsonl"], /^✖ DATASET_NOT_FOUND .*none\.jsonl.*\n$/],
    ] as const) {
      const { status, stderr } = await pack(...args);
      assert.equal(status, 2);
      assert.match(stderr, line);
    }
    writeFileSync(join(cwd, "network.yaml"), stringify(smallNetwork));
    const check = ["data", "check", "corpus.jsonl", "--network", "network.yaml", "--group", "prose"];
    const { status, stderr } = await run("blockzero", check, { cwd, env: { TMPDIR: join(cwd, "none") } });
    assert.equal(status, 2);
    assert.match(stderr, /^✖ FILE_UNWRITABLE ENOENT.*mkdtemp.+ → .+\n$/);
  });
});
