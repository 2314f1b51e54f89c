import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDecoder, type Decoder } from "#shared/generation/decoder.js";
import { type GenerateOptions, generate } from "#shared/generation/generate.js";
import { GREEDY } from "#shared/generation/sampling.js";
import { device, MICRO, microParameters } from "#tests/shared/model/micro.js";

const options: GenerateOptions = {
  prompt: [1, 2, 3],
  maxTokens: 8,
  sampling: GREEDY,
  seed: 1,
  has: () => true,
  stop: new Set(),
};

const run = async (change: Partial<GenerateOptions>) => {
  const decoder = await createDecoder({ device, config: MICRO, parameters: microParameters(), chunk: 8, capacity: 16 });
  try {
    const tokens: number[] = [];
    const generation = generate(decoder, { ...options, ...change });
    for (;;) {
      const next = await generation.next();
      if (next.done) return { tokens, finish: next.value };
      tokens.push(next.value);
    }
  } finally {
    await decoder.dispose();
  }
};

describe("generation", () => {
  it("ends at the tokens that are allowed, and at a stop token, which it keeps to itself", async () => {
    const { tokens, finish } = await run({});
    assert.deepEqual([tokens.length, finish], [8, "length"]);
    const end = tokens[4]!;
    const stopped = await run({ stop: new Set([end]) });
    assert.deepEqual(stopped, { tokens: tokens.slice(0, tokens.indexOf(end)), finish: "stop" });
    assert.deepEqual(await run({ maxTokens: 0 }), { tokens: [], finish: "length" });
  });

  it("ends where the model has no more positions", async () => {
    const prompt = Array.from({ length: 60 }, (_, i) => i % 32);
    const { tokens, finish } = await run({ prompt, maxTokens: 100 });
    assert.deepEqual([tokens.length, finish], [5, "length"]);
  });

  it("depends on nothing but the seed", async () => {
    const sampling = { temperature: 1.2, topK: 20, topP: 0.95 };
    const first = await run({ sampling, seed: "a" });
    assert.deepEqual(await run({ sampling, seed: "a" }), first);
    assert.notDeepEqual(await run({ sampling, seed: "b" }), first);
  });

  it("never chooses an id that no token has", async () => {
    const [first] = (await run({})).tokens;
    for (const sampling of [GREEDY, { temperature: 5, topK: null, topP: 1 }]) {
      const { tokens } = await run({ sampling, has: (id) => id !== first && id < 24 });
      assert.deepEqual(
        tokens.filter((id) => id === first || id >= 24),
        [],
      );
    }
  });

  it("speaks against tokens that are there already, as transformers' repetition penalty does", async () => {
    const given = [2, 1.9, -1, -1.1, 1.6];
    let length = 0;
    const decoder = {
      vocabulary: given.length,
      maxLength: 64,
      get length() {
        return length;
      },
      extend: async (ids: readonly number[]) => {
        length += ids.length;
        return Float32Array.from(given);
      },
    } as unknown as Decoder;
    const tokens: number[] = [];
    for await (const token of generate(decoder, { ...options, prompt: [0, 2], maxTokens: 5, repetitionPenalty: 1.25 }))
      tokens.push(token);
    // 0 falls to 1.6 at once, as it is in the prompt; 1 to 1.52 once it is written; a tie takes the lower id.
    assert.deepEqual(tokens, [1, 0, 0, 0, 0]);
    length = 0;
    const below = generate(decoder, {
      ...options,
      prompt: [2, 2, 2],
      maxTokens: 1,
      repetitionPenalty: 1.25,
      has: (id) => id === 2 || id === 3,
    });
    assert.equal((await below.next()).value, 3, "−1 becomes −1.25, once");
  });

  it("refuses a prompt that the model cannot read", async () => {
    const refused = { code: "PROMPT_INVALID" };
    await assert.rejects(run({ prompt: [] }), { ...refused, message: /no token/ });
    await assert.rejects(run({ prompt: new Array<number>(65).fill(1) }), { ...refused, message: /65 tokens.*64/ });
    await assert.rejects(run({ prompt: [31, 32] }), { ...refused, message: /token 32.*0 to 31/ });
  });

  it("stops when it is told to", async () => {
    await assert.rejects(run({ signal: AbortSignal.abort(new Error("enough")) }), /enough/);
  });
});
