import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { ErrorCode } from "#shared/errors/error.js";
import { readCheckpoint, writeCheckpoint } from "#shared/model/checkpoint.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { fromHuggingFaceConfig, toHuggingFaceConfig } from "#shared/model/huggingface-config.js";
import { encodeSafetensors, parseSafetensors, type Tensor } from "#shared/tensor-files/safetensors.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { MICRO, microParameters } from "./micro.js";
import { references } from "./reference.js";

const HEAD = "lm_head.weight";
const EMBEDDING = "model.embed_tokens.weight";

const written = async (context: TestContext) => {
  const dir = join(temporaryFolder(context), "model");
  await writeCheckpoint(dir, MICRO, microParameters());
  return { dir, weights: join(dir, "model.safetensors") };
};

const editTensors = (path: string, edit: (tensors: Map<string, Tensor>) => void) => {
  const tensors = new Map(parseSafetensors(readFileSync(path)).tensors);
  edit(tensors);
  writeFileSync(path, encodeSafetensors(tensors));
};

/** Writes a file anew with another header. */
const editHeader = (path: string, edit: (header: Record<string, unknown>) => unknown) => {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE());
  const json = Buffer.from(JSON.stringify(edit(JSON.parse(bytes.subarray(8, 8 + length).toString()))));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([prefix, json, bytes.subarray(8 + length)]));
};

const refuses = (dir: string, code: ErrorCode, message: RegExp) =>
  assert.rejects(() => readCheckpoint(dir), coded(code, message));

describe("checkpoints as they are found", () => {
  it("pass over buffers that older versions saved, whatever their type", async (context) => {
    const { dir, weights } = await written(context);
    editTensors(weights, (tensors) => {
      tensors.set("model.layers.0.self_attn.rotary_emb.inv_freq", {
        dtype: "F32",
        shape: [2],
        data: new Uint8Array(8),
      });
      tensors.set("model.position_ids", { dtype: "I64", shape: [1, 2], data: new Uint8Array(16) });
    });
    assert.deepEqual((await readCheckpoint(dir)).parameters, microParameters());
  });

  it("may hold the output head beside tied embeddings, if it equals them", async (context) => {
    const { dir, weights } = await written(context);
    editTensors(weights, (tensors) => tensors.set(HEAD, tensors.get(EMBEDDING)!));
    assert.deepEqual((await readCheckpoint(dir)).parameters, microParameters());
    editTensors(weights, (tensors) => tensors.delete(EMBEDDING));
    assert.deepEqual((await readCheckpoint(dir)).parameters, microParameters(), "the head alone is both");
  });

  it("are refused where a head beside tied embeddings differs: versions of transformers disagree", async (context) => {
    const { dir, weights } = await written(context);
    editTensors(weights, (tensors) => {
      const { data, ...spec } = tensors.get(EMBEDDING)!;
      tensors.set(HEAD, { ...spec, data: data.map((byte, i) => (i === 2 ? byte ^ 1 : byte)) });
    });
    await refuses(dir, "CHECKPOINT_MALFORMED", /lm_head\.weight differs .* set tie_word_embeddings to false/);
  });

  it("have an index that is authoritative: its only shard may be model.safetensors, one that it does not name is not read", async (context) => {
    const { dir, weights } = await written(context);
    const names = [...parseSafetensors(readFileSync(weights)).tensors.keys()];
    const index = (file: string) => {
      const weight_map = Object.fromEntries(names.map((name) => [name, file]));
      writeFileSync(join(dir, "model.safetensors.index.json"), JSON.stringify({ weight_map }));
    };
    const read = async () => {
      const checkpoint = await openCheckpoint(dir);
      await checkpoint.close();
      return checkpoint.notes;
    };
    index("model.safetensors");
    assert.deepEqual(await read(), []);
    renameSync(weights, join(dir, "model-00001-of-00001.safetensors"));
    index("model-00001-of-00001.safetensors");
    writeFileSync(weights, "something else");
    assert.match((await read()).join(), /model\.safetensors is not read: model\.safetensors\.index\.json says where/);
    writeFileSync(join(dir, "adapter_config.json"), "{}");
    assert.match((await read()).join(), /the adapter that adapter_config\.json names is not read/);
    assert.deepEqual((await readCheckpoint(dir)).parameters, microParameters());
  });

  it("may have what the official safetensors takes beyond the protocol's files", async (context) => {
    const { dir, weights } = await written(context);
    editHeader(weights, (header) => ({
      __metadata__: null,
      ...Object.fromEntries(
        Object.entries(header)
          .filter(([name]) => name !== "__metadata__")
          .map(([name, info]) => [name, { ...Object(info), note: [{ a: -1.5 }] }]),
      ),
    }));
    assert.deepEqual((await readCheckpoint(dir)).parameters, microParameters());
    assert.throws(() => parseSafetensors(readFileSync(weights)), coded("SAFETENSORS_INVALID", /JSON/));

    const [name] = ["model.rotary_emb.inv_freq"];
    for (const info of [
      { dtype: "F8_E4M3FNUZ", shape: [8] },
      { dtype: "F32", shape: [1, 1, 1, 1, 1, 1, 1, 1, 2] },
    ]) {
      await writeCheckpoint(dir, MICRO, microParameters());
      editTensors(weights, (tensors) => tensors.set(name!, { dtype: "F32", shape: [2], data: new Uint8Array(8) }));
      editHeader(weights, (header) => ({ ...header, [name!]: { ...Object(header[name!]), ...info } }));
      assert.deepEqual((await readCheckpoint(dir)).parameters, microParameters());
      assert.throws(() => parseSafetensors(readFileSync(weights)), coded("SAFETENSORS_INVALID", /dtype|9 dimensions/));
    }
  });

  const impostors: readonly (readonly [string, string, RegExp])[] = [
    [
      "a Git LFS pointer",
      "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n",
      /is a Git LFS pointer to a file of 12345 bytes, not that file: run `git lfs pull`/,
    ],
    ["a web page", "<!DOCTYPE html><html><body>Sign in</body></html>", /is an HTML page: .* for want of a login/],
    ["a server's error", '{"error":"Repository not found"}', /is a server's error message/],
    ["an archive of PyTorch", "PK\x03\x04....................", /is a ZIP archive, as PyTorch saves weights/],
    ["a GGUF file", "GGUF\x03\0\0\0....................", /is a GGUF file/],
  ];
  for (const [what, content, message] of impostors)
    it(`are told from ${what}`, async (context) => {
      const { dir, weights } = await written(context);
      writeFileSync(weights, content, "latin1");
      await refuses(dir, "CHECKPOINT_MALFORMED", message);
      await writeCheckpoint(dir, MICRO, microParameters());
      if (content.startsWith("{")) return;
      writeFileSync(join(dir, "config.json"), content, "latin1");
      await refuses(dir, "CHECKPOINT_MALFORMED", message);
    });

  it("are not waited for where a pipe stands in the place of one", {
    skip: process.platform === "win32",
    timeout: HANG_GUARD,
  }, async (context) => {
    const { dir } = await written(context);
    for (const name of ["model.safetensors", "config.json"]) {
      rmSync(join(dir, name));
      execFileSync("mkfifo", [join(dir, name)]);
      await refuses(dir, "CHECKPOINT_NOT_FOUND", /not a regular file/);
    }
  });

  it("may be a snapshot of the Hub's cache, or a folder in one; of links elsewhere it is said how to make files", async (context) => {
    const { dir } = await written(context);
    const cache = join(temporaryFolder(context), "models--owner--name");
    cpSync(dir, join(cache, "blobs"), { recursive: true });
    for (const [folder, up] of [
      [join(cache, "snapshots", "abc"), "../.."],
      [join(cache, "snapshots", "abc", "inner"), "../../.."],
    ] as const) {
      mkdirSync(folder, { recursive: true });
      for (const name of readdirSync(dir)) symlinkSync(join(up, "blobs", name), join(folder, name));
      assert.deepEqual((await readCheckpoint(folder)).config, MICRO);
    }
    await refuses(cache, "CHECKPOINT_NOT_FOUND", /models--owner--name is a repository in Hugging Face's cache/);
    rmSync(join(dir, "config.json"));
    symlinkSync(join(cache, "blobs", "config.json"), join(dir, "config.json"));
    await refuses(dir, "CHECKPOINT_MALFORMED", /config\.json is a link that leads out of the folder: copy .* `cp -rL`/);
  });

  it("hold each tensor in one layout only", async (context) => {
    const source = references("families/mixtral").find(({ name }) => name === "plain")!.dir;
    const dir = join(temporaryFolder(context), "model");
    cpSync(source, dir, { recursive: true });
    editTensors(join(dir, "model.safetensors"), (tensors) => {
      const router = "model.layers.0.block_sparse_moe.gate.weight";
      tensors.set("model.layers.0.mlp.gate.weight", tensors.get(router)!);
    });
    await refuses(dir, "CHECKPOINT_MALFORMED", /block_sparse_moe\.gate\.weight and .*mlp\.gate\.weight both hold/);
  });
});

describe("a config's rotary embedding", () => {
  const { rope_theta: _, rope_scaling: __, ...others } = toHuggingFaceConfig(MICRO);
  const read = (fields: Readonly<Record<string, unknown>>) => {
    const { rope_theta, rope_scaling } = fromHuggingFaceConfig({ ...others, ...fields }, "config.json");
    return [rope_theta, rope_scaling];
  };
  const yarn = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 16 } as const;

  it("is what transformers 5 makes of it", () => {
    assert.deepEqual(read({}), [10_000, undefined]);
    assert.deepEqual(read({ rope_theta: 5 }), [5, undefined]);
    assert.deepEqual(read({ rope_theta: 5, rope_parameters: { rope_theta: 7 } }), [7, undefined], "the inner base");
    assert.deepEqual(read({ rope_theta: 5, rope_parameters: null }), [5, undefined]);
    assert.deepEqual(read({ rope_theta: 5, rope_parameters: { rope_type: "default" } }), [5, undefined]);
    assert.deepEqual(read({ rope_parameters: { rope_type: "default" } }), [10_000, undefined]);
    assert.deepEqual(read({ rope_scaling: { type: "default" }, rope_theta: 5 }), [5, undefined]);
    assert.deepEqual(read({ rope_scaling: {}, rope_parameters: { ...yarn, rope_theta: 7 } }), [7, yarn]);
    assert.deepEqual(read({ rope_parameters: { full_attention: { rope_theta: 7, rope_type: "default" } } }), [
      7,
      undefined,
    ]);
    assert.deepEqual(
      read({ rope_scaling: { type: "yarn", factor: 4, attention_factor: null }, max_position_embeddings: 64 }),
      [10_000, { rope_type: "yarn", factor: 4, original_max_position_embeddings: 64 }],
      "the older key, with the positions that the config names",
    );
    assert.deepEqual(read({ rope_parameters: { ...yarn, factor: null }, max_position_embeddings: 48 }), [
      10_000,
      { ...yarn, factor: 3 },
    ]);
    assert.deepEqual(read({ rope_parameters: { rope_type: "linear", factor: 2, spare: 1 } }), [
      10_000,
      { rope_type: "linear", factor: 2 },
    ]);
  });

  it("is refused where it is none that is known", () => {
    const refused = (fields: Readonly<Record<string, unknown>>, message: RegExp) =>
      assert.throws(() => read(fields), coded("CHECKPOINT_MALFORMED", message));
    refused({ rope_parameters: { rope_type: "longrope" } }, /rope_scaling\.rope_type/);
    refused({ rope_parameters: { rope_type: "linear" } }, /rope_scaling\.factor/);
    refused({ rope_parameters: { rope_type: "default", partial_rotary_factor: 0.5 } }, /partial_rotary_factor/);
  });

  it("is written so that it is read again", () => {
    const config = { ...MICRO, rope_scaling: yarn };
    assert.deepEqual(fromHuggingFaceConfig(toHuggingFaceConfig(config), "config.json"), config);
  });
});
