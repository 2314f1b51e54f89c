import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { parse } from "yaml";
import { writeCheckpoint } from "#shared/model/checkpoint.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { microParameters } from "#tests/shared/model/micro.js";
import { parameters, template } from "#tests/support/micro-network.js";
import { smallTokenizerFiles } from "#tests/support/small-tokenizer.js";
import { run } from "./process.js";

const CORPORA = ["--corpus", "prose=moby-dick", "--corpus", "math=arithmetic"];

const suggest = async (t: TestContext, ...args: readonly string[]) =>
  suggestFor(t, { model: template.model, weights: parameters }, ...args);

const suggestFor = async (
  t: TestContext,
  { model, weights, files = {} }: { model: ModelConfig; weights: Parameters; files?: Record<string, Uint8Array> },
  ...args: readonly string[]
) => {
  const cwd = temporaryFolder(t);
  await writeCheckpoint(join(cwd, "model"), model, weights);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(cwd, "model", name), bytes);
  const command = [
    "groups",
    "suggest",
    "--from",
    "model",
    "--tokens",
    "512",
    "--sequence-length",
    "16",
    "--threads",
    "1",
  ];
  return { cwd, ...(await run("blockzero", [...command, ...args], { cwd })) };
};

describe("blockzero groups suggest", () => {
  it("prints the groups of a template, with the heat map as comments, and writes the page", async (t) => {
    const { cwd, status, stdout, stderr } = await suggest(t, ...CORPORA, "--html", "experts.html");
    assert.equal(status, 0, stderr);
    const { groups } = parse(stdout);
    assert.deepEqual(Object.keys(groups), ["prose", "math"]);
    assert.deepEqual(groups.prose.data, [{ kind: "moby-dick" }]);
    const [prose, math] = [groups.prose.experts["0"], groups.math.experts["0"]];
    assert.ok(prose.length > 0 && math.length > 0 && !prose.some((id: number) => math.includes(id)));
    assert.match(stdout, /^# 0 \|.{4}\| [pm.]{4}$/m);
    assert.match(readFileSync(join(cwd, "experts.html"), "utf8"), /^<!doctype html>/);
  });

  it("says what it measured also where the page cannot be written, which is no bug", async (t) => {
    for (const page of ["model/config.json/experts.html", "model/config.json/below/experts.html"]) {
      const { status, stdout, stderr } = await suggest(t, ...CORPORA, "--html", page);
      assert.equal(status, 2, stderr);
      assert.deepEqual(Object.keys(parse(stdout).groups), ["prose", "math"]);
      assert.match(stderr, /^✖ FILE_UNWRITABLE (EEXIST|ENOTDIR).+ → .+$/m);
      assert.doesNotMatch(stderr, /INTERNAL|\bat .+:\d+:\d+/);
    }
  });

  it("says in JSON what every corpus uses", async (t) => {
    const { stdout } = await suggest(t, ...CORPORA, "--by", "gate", "--json");
    const { relevance, coverage, layers } = JSON.parse(stdout);
    assert.deepEqual(layers, [0]);
    for (const corpus of ["prose", "math"]) {
      const sum = relevance[corpus][0].reduce((total: number, part: number) => total + part);
      assert.ok(Math.abs(sum - 1) < 1e-5);
      assert.ok(coverage[corpus][0] > 0.2);
    }
  });

  it("takes the checkpoint's own tokenizer, which must fit its model", async (t) => {
    const files = {
      "tokenizer.json": smallTokenizerFiles.tokenizer,
      "tokenizer_config.json": smallTokenizerFiles.config,
    };
    const model = { ...template.model, vocab_size: 2048 };
    const fits = await suggestFor(t, { model, weights: microParameters(model), files }, ...CORPORA);
    assert.equal(fits.status, 0, fits.stderr);
    const small = await suggestFor(t, { model: template.model, weights: parameters, files }, ...CORPORA);
    assert.equal(small.status, 2);
    assert.match(small.stderr, /✖ VOCABULARY_TOO_SMALL .*264.*2048/);
  });

  it("refuses a corpus without a name, or with one that stands twice", async (t) => {
    for (const corpora of [
      ["--corpus", "moby-dick"],
      ["--corpus", "a=sotu", "--corpus", "a=moby-dick"],
    ]) {
      const { status, stderr } = await suggest(t, ...corpora);
      assert.equal(status, 2);
      assert.match(stderr, /--corpus/);
    }
  });
});
