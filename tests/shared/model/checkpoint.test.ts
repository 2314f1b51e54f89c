import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { readCheckpoint, writeCheckpoint } from "#shared/model/checkpoint.js";
import { fromHuggingFaceConfig, toHuggingFaceConfig } from "#shared/model/huggingface-config.js";
import { readModelConfig } from "#shared/planning/read-model.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { Tensor } from "#shared/tensor-files/safetensors.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { coded } from "#tests/support/coded.js";
import { editTensors } from "./edit-tensors.js";
import { MICRO, microParameters } from "./micro.js";
import { keysOf, references } from "./reference.js";

const written = async (context: TestContext, config: ModelConfig = MICRO) => {
  const dir = join(temporaryFolder(context), "model");
  const parameters = microParameters(config);
  await writeCheckpoint(dir, config, parameters, { metadata: { "blockzero.cycle": "3" } });
  return { dir, parameters, weights: join(dir, "model.safetensors"), config: join(dir, "config.json") };
};

const editConfig = (path: string, edit: Readonly<Record<string, unknown>>) =>
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...edit }));

describe("checkpoint", () => {
  for (const tie_word_embeddings of [true, false])
    it(`reads back what it wrote, ${tie_word_embeddings ? "tied" : "untied"}`, async (context) => {
      const config = { ...MICRO, tie_word_embeddings };
      const { dir, parameters } = await written(context, config);
      const read = await readCheckpoint(dir, config);
      assert.deepEqual(read.config, config);
      assert.deepEqual(read.parameters, parameters);
      assert.equal("lm_head.weight" in read.parameters, !tie_word_embeddings);
      assert.deepEqual(
        new Map(read.metadata),
        new Map([
          ["blockzero.cycle", "3"],
          ["format", "pt"],
        ]),
      );
    });

  it("writes two whole files, readable by all, with the same bytes every time", async (context) => {
    const { dir, parameters, weights, config } = await written(context);
    const before = [readFileSync(weights), readFileSync(config)];
    assert.deepEqual(readdirSync(dir).sort(), ["config.json", "model.safetensors"]);
    assert.equal(statSync(weights).mode & 0o444, 0o444);
    await writeCheckpoint(dir, MICRO, parameters, { metadata: { "blockzero.cycle": "3" } });
    assert.deepEqual([readFileSync(weights), readFileSync(config)], before);
  });

  it("writes the keys that transformers writes, and every field of its config", async () => {
    for (const reference of references("qwen3-moe")) {
      const { name, dir } = reference;
      const { config, parameters } = await readCheckpoint(dir);
      assert.deepEqual(
        Object.fromEntries(Object.entries(parameters).map(([key, { shape }]) => [key, shape])),
        keysOf(reference),
        name,
      );
      const theirs: unknown = JSON.parse(readFileSync(join(dir, "config.json"), "utf8"));
      const { dtype, transformers_version, ...fields } = Object(theirs);
      assert.ok(typeof transformers_version === "string");
      const { bos_token_id, eos_token_id, max_window_layers, torch_dtype, ...ours } = toHuggingFaceConfig(config);
      assert.deepEqual(ours, fields, name);
      assert.deepEqual(
        { bos_token_id, eos_token_id, max_window_layers },
        { bos_token_id: null, eos_token_id: null, max_window_layers: 2 },
      );
      assert.equal(torch_dtype, dtype);
    }
  });

  it("names the byte tokenizer's separator where the vocabulary has it", () => {
    const { bos_token_id, eos_token_id } = toHuggingFaceConfig({ ...MICRO, vocab_size: 264 });
    assert.deepEqual([bos_token_id, eos_token_id], [256, 256]);
  });

  it("fills in what transformers leaves out", async (context) => {
    const { config: path } = await written(context, { ...MICRO, tie_word_embeddings: false, norm_topk_prob: false });
    const whole = JSON.parse(readFileSync(path, "utf8"));
    const { head_dim, tie_word_embeddings, norm_topk_prob, ...rest } = whole;
    const read = fromHuggingFaceConfig(rest, "config.json");
    assert.deepEqual(read, {
      ...fromHuggingFaceConfig(whole, "config.json"),
      head_dim: MICRO.hidden_size / MICRO.num_attention_heads,
    });
    assert.equal(fromHuggingFaceConfig({ ...rest, head_dim: null }, "config.json").head_dim, read.head_dim);
  });

  it("reads the config of transformers 5", () => {
    const { rope_theta, rope_scaling, torch_dtype, num_experts, ...rest } = toHuggingFaceConfig(MICRO);
    const renamed = { dtype: torch_dtype, num_local_experts: num_experts };
    const document = { ...rest, ...renamed, rope_parameters: { rope_type: "default", rope_theta } };
    assert.equal(rope_scaling, null);
    assert.deepEqual(fromHuggingFaceConfig(document, "config.json"), MICRO);
    const scaled = { ...document, rope_parameters: { rope_type: "longrope", rope_theta } };
    assert.throws(() => fromHuggingFaceConfig(scaled, "config.json"), coded("CHECKPOINT_MALFORMED", /rope_type/));
  });

  it("refuses to write parameters of another model", async (context) => {
    const dir = temporaryFolder(context);
    const { "model.norm.weight": _, ...rest } = microParameters();
    await assert.rejects(
      () => writeCheckpoint(dir, MICRO, rest),
      coded("CHECKPOINT_MISMATCH", /model\.norm\.weight is missing/),
    );
    assert.deepEqual(readdirSync(dir), []);
  });

  it("says which file is not there", async (context) => {
    const { dir, weights, config } = await written(context);
    rmSync(weights);
    await assert.rejects(() => readCheckpoint(dir), coded("CHECKPOINT_NOT_FOUND", /model\.safetensors: ENOENT/));
    rmSync(config);
    await assert.rejects(() => readCheckpoint(dir), coded("CHECKPOINT_NOT_FOUND", /config\.json: ENOENT/));
  });

  const unreadable: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
    ["another architecture", { model_type: "gpt_oss" }, /config\.json: model_type/],
    ["another activation", { hidden_act: "gelu" }, /hidden_act/],
    ["scaled positions", { rope_scaling: { type: "longrope" } }, /rope_scaling/],
    ["heads that turn in part", { partial_rotary_factor: 0.5 }, /partial_rotary_factor/],
    ["layers that look at a window", { layer_types: ["sliding_attention"] }, /layer_types/],
    ["a sliding window", { use_sliding_window: true }, /use_sliding_window/],
    ["quantized weights", { quantization_config: { quant_method: "fp8" } }, /quantization_config: quantized/],
    ["another precision's name", { torch_dtype: "float8_e4m3fn" }, /torch_dtype/],
    ["heads that do not share evenly", { num_key_value_heads: 3 }, /num_key_value_heads: does not divide/],
    ["more tensors than the files hold", { num_experts: 4096 }, /describes \d+ tensors, the files hold 44/],
    ["more experts than any model has", { num_experts: 2 ** 40 }, /num_experts: Too big/],
    ["a missing shape", { moe_intermediate_size: undefined }, /moe_intermediate_size/],
    [
      "heads that no head_dim gives a size, and that do not divide the model's",
      { head_dim: undefined, num_attention_heads: 7 },
      /head_dim/,
    ],
    ["a shape that is none", { num_experts: -1 }, /num_experts/],
  ];
  for (const [what, edit, message] of unreadable)
    it(`refuses a config with ${what}`, async (context) => {
      const { dir, config } = await written(context);
      editConfig(config, edit);
      await assert.rejects(() => readCheckpoint(dir), coded("CHECKPOINT_MALFORMED", message));
    });

  const uncounted: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ["a vocabulary", { vocab_size: 2 ** 52 }],
    ["heads", { num_attention_heads: 2 ** 40, num_key_value_heads: 2 ** 40, head_dim: 2 ** 20 }],
    ["widths", { hidden_size: 2 ** 30, moe_intermediate_size: 2 ** 30 }],
    ["many experts", { num_experts: 4096, moe_intermediate_size: 2 ** 33 }],
  ];
  for (const [what, edit] of uncounted)
    it(`says of ${what} beyond counting what they are`, async (context) => {
      const { dir, config } = await written(context);
      editConfig(config, edit);
      const expected = coded("MODEL_TOO_LARGE", /config\.json: its sizes make \d\.\de\+\d+ weights/);
      await assert.rejects(() => readCheckpoint(dir), expected);
      await assert.rejects(() => readModelConfig(dir, { env: {}, allowPrivateAddresses: false }), expected);
    });

  it("refuses a config that says a thing twice, or is not of a config's size", async (context) => {
    const { dir, config } = await written(context);
    const text = readFileSync(config, "utf8");
    writeFileSync(config, text.replace("{", '{"head_dim": 8,'));
    await assert.rejects(readCheckpoint(dir), coded("CHECKPOINT_MALFORMED", /config\.json: a key appears twice/));
    writeFileSync(config, `${text}${" ".repeat(1 << 20)}`);
    await assert.rejects(readCheckpoint(dir), coded("CHECKPOINT_MALFORMED", /config\.json has \d+ bytes, at most/));
  });

  it("refuses files that are damaged or hold no floats", async (context) => {
    const { dir, weights, config } = await written(context);
    const bytes = readFileSync(weights);
    writeFileSync(weights, bytes.subarray(0, -1));
    await assert.rejects(() => readCheckpoint(dir), coded("CHECKPOINT_MALFORMED", /model\.safetensors: tensors take/));
    writeFileSync(weights, bytes);
    editTensors(weights, (tensors) => {
      const norm = tensors.get("model.norm.weight")!;
      tensors.set("model.norm.weight", { ...norm, dtype: "I32" });
    });
    await assert.rejects(
      () => readCheckpoint(dir),
      coded("CHECKPOINT_MALFORMED", /"model\.norm\.weight" is I32, not F32, BF16 or F16/),
    );
    writeFileSync(config, "{");
    await assert.rejects(() => readCheckpoint(dir), coded("CHECKPOINT_MALFORMED", /config\.json/));
    writeFileSync(config, "null");
    await assert.rejects(() => readCheckpoint(dir), coded("CHECKPOINT_MALFORMED", /config\.json: the document/));
  });

  it("names the first tensor that does not fit", async (context) => {
    const expected = async (edit: (tensors: Map<string, Tensor>) => void, message: RegExp) => {
      const { dir, weights } = await written(context);
      editTensors(weights, edit);
      await assert.rejects(() => readCheckpoint(dir, MICRO), coded("CHECKPOINT_MISMATCH", message));
    };
    const router = "model.layers.1.mlp.gate.weight";
    await expected((tensors) => tensors.delete(router), /model\.layers\.1\.mlp\.gate\.weight is missing/);
    await expected(
      (tensors) => tensors.set(router, { ...tensors.get(router)!, shape: [16, 4] }),
      /gate\.weight is \[16,4\], the network file says \[4,16\]/,
    );
    await expected((tensors) => tensors.set("extra", tensors.get(router)!), /"extra" is not part of it/);
  });

  it("names the first field that differs from the network file", async (context) => {
    const { dir } = await written(context);
    await assert.rejects(
      () => readCheckpoint(dir, { ...MICRO, rope_theta: 5000 }),
      coded("CHECKPOINT_MISMATCH", /rope_theta is 10000, the network file says 5000/),
    );
  });

  it("holds tensors against the config where no network file is given", async (context) => {
    const { dir, config } = await written(context);
    editConfig(config, { vocab_size: 40 });
    await assert.rejects(
      () => readCheckpoint(dir),
      coded("CHECKPOINT_MISMATCH", /embed_tokens\.weight is \[32,16\], .*config\.json says \[40,16\]/),
    );
  });
});
