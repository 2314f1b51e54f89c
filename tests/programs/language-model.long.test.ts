import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { writeCheckpoint } from "#shared/model/checkpoint.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { microParameters } from "#tests/shared/model/micro.js";
import { parameters, template } from "#tests/support/micro-network.js";
import { smallTokenizerFiles } from "#tests/support/small-tokenizer.js";
import { run } from "./process.js";

const TEXT = "Call me Ishmael. Some years ago, never mind how long precisely.";

/** A folder with the checkpoint `model`, of the micro model, and the files of a text and of questions. */
const workplace = async (t: TestContext): Promise<string> => {
  const cwd = temporaryFolder(t);
  await writeCheckpoint(join(cwd, "model"), template.model, parameters);
  writeFileSync(join(cwd, "text.jsonl"), `${JSON.stringify({ text: TEXT })}\n`);
  const question = { context: "One and one is", choices: [" two", " three"], gold: 0 };
  writeFileSync(join(cwd, "questions.jsonl"), `${JSON.stringify(question)}\n`);
  return cwd;
};

const generate = (cwd: string, ...args: readonly string[]) =>
  run("blockzero", ["generate", "--model", "model", "--tokenizer", "byte", "--threads", "1", ...args], { cwd });

const evaluate = (cwd: string, ...args: readonly string[]) =>
  run("blockzero", ["eval", "--model", "model", "--tokenizer", "byte", "--threads", "1", "--json", ...args], { cwd });

describe("blockzero generate", () => {
  it("writes what comes as it comes, and the same in JSON", async (t) => {
    const cwd = await workplace(t);
    const plain = await generate(cwd, "--prompt", "Call me", "--max-tokens", "12");
    assert.equal(plain.status, 0, plain.stderr);
    const { stdout, stderr, status } = await generate(cwd, "--prompt", "Call me", "--max-tokens", "12", "--json");
    assert.equal(status, 0, stderr);
    const { text, tokens, prompt } = JSON.parse(stdout);
    assert.ok(tokens.length > 0 && tokens.length <= 12);
    assert.equal(typeof text, "string");
    assert.equal(prompt, 7);
    const special = await generate(cwd, "--prompt", "a<|endoftext|>b", "--max-tokens", "1", "--json");
    assert.equal(JSON.parse(special.stdout).prompt, 3, "a special token is one");
  });

  it("draws the same tokens from the same seed, and others from another", async (t) => {
    const cwd = await workplace(t);
    const drawn = async (seed: string) => {
      const args = ["--prompt", "x", "--max-tokens", "24", "--temperature", "5", "--json", "--seed", seed];
      return JSON.parse((await generate(cwd, ...args)).stdout).tokens;
    };
    const first = await drawn("1");
    assert.deepEqual(await drawn("1"), first);
    assert.notDeepEqual(await drawn("2"), first);
  });

  it("refuses a chat with a model that has no template, a prompt beside a chat, and a folder that is no model", async (t) => {
    const cwd = await workplace(t);
    assert.match((await generate(cwd, "--chat", "Hello")).stderr, /^✖ [A-Z_]+ .*template/m);
    assert.match((await generate(cwd, "--chat", "a", "--prompt", "b")).stderr, /^✖ USAGE /m);
    const { status, stderr } = await run("blockzero", ["generate", "--model", "nowhere", "--prompt", "x"], { cwd });
    assert.equal(status, 2);
    assert.match(stderr, /^✖ [A-Z_]+ .+→ .+\n$/);
  });
});

describe("blockzero eval", () => {
  it("gives bits per byte of a text and accuracy on questions, each with its interval", async (t) => {
    const { status, stdout, stderr } = await evaluate(
      await workplace(t),
      ...["--text", "text.jsonl", "--questions", "questions.jsonl"],
    );
    assert.equal(status, 0, stderr);
    const [{ text, choice }] = JSON.parse(stdout).models;
    assert.equal(text.bytes, Buffer.byteLength(TEXT));
    for (const { estimate, low, high } of [text.bitsPerByte, choice.acc])
      assert.ok(low <= estimate && estimate <= high, stdout);
  });

  it("finds no difference between a model and itself", async (t) => {
    const { status, stdout, stderr } = await evaluate(await workplace(t), "--against", "model", "--text", "text.jsonl");
    assert.equal(status, 0, stderr);
    const { models, difference } = JSON.parse(stdout);
    assert.deepEqual(models[0], models[1]);
    assert.notEqual(difference, null);
  });

  it("takes the checkpoint's own tokenizer", async (t) => {
    const cwd = await workplace(t);
    const model = { ...template.model, vocab_size: 2048 };
    await writeCheckpoint(join(cwd, "own"), model, microParameters(model));
    writeFileSync(join(cwd, "own", "tokenizer.json"), smallTokenizerFiles.tokenizer);
    writeFileSync(join(cwd, "own", "tokenizer_config.json"), smallTokenizerFiles.config);
    const args = ["eval", "--model", "own", "--threads", "1", "--text", "text.jsonl", "--json"];
    const { status, stdout, stderr } = await run("blockzero", args, { cwd });
    assert.equal(status, 0, stderr);
    assert.equal(JSON.parse(stdout).models.length, 1);
  });
});
