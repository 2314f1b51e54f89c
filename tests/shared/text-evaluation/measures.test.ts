import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { intTensor } from "#shared/engine/tensor.js";
import { createDecoder } from "#shared/generation/decoder.js";
import { forward } from "#shared/model/forward.js";
import { allExperts } from "#shared/model/parameters.js";
import { accuracyOf, answerQuestions } from "#shared/text-evaluation/multiple-choice.js";
import { bitsPerByteDifference, measureTexts, perplexityOf } from "#shared/text-evaluation/perplexity.js";
import { createScorer, type ScoreRequest, type Scorer } from "#shared/text-evaluation/scorer.js";
import { mapValues } from "#shared/training/objective.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { placed } from "#tests/shared/evaluation/layers/material.js";
import { device, MICRO, microIds, microParameters } from "#tests/shared/model/micro.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const config = { ...MICRO, vocab_size: 264 };
const model = { config, parameters: microParameters(config) };
const texts = ["Call me Ishmael. Some years ago — never mind how long precisely", "Ünïcödé 🙂", "x"];

const withScorer = async <T>(window: number, use: (scorer: Scorer) => Promise<T>): Promise<T> => {
  const scorer = createScorer(device, { config, tensors: model.parameters }, { window });
  try {
    return await use(scorer);
  } finally {
    await scorer.dispose();
  }
};

/** The likelihood of tokens behind a context, one after another. */
const byDecoder = async (context: readonly number[], tokens: readonly number[]): Promise<number> => {
  const decoder = await createDecoder({ device, ...model });
  let nats = 0;
  let next = [...context];
  for (const token of tokens) {
    const logits = await decoder.extend(next);
    const peak = Math.max(...logits);
    nats += Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - peak), 0)) + peak - logits[token]!;
    next = [token];
  }
  await decoder.dispose();
  return nats;
};

/** As many tokens at a time as the scorer takes, of which the first sequence is the request. */
const byWholeGraph = async ({ ids, from }: ScoreRequest): Promise<number> => {
  const sequenceLength = 2 ** Math.max(5, Math.ceil(Math.log2(ids.length - 1)));
  const batchSize = 1024 / sequenceLength;
  const graph = new Graph();
  const weights = mapValues(model.parameters, ({ shape }, name) => graph.input(name, shape));
  const [input, targets] = ["ids", "targets"].map((name) => graph.input(name, [1024], "int64")) as [Value, Value];
  const shape = { config, held: allExperts(config), batchSize, sequenceLength };
  const { logits } = forward(graph, weights, input, shape);
  const program = await device.compile(graph, { losses: op.tokenLosses(logits, targets) });
  const padded = (tokens: Uint32Array) => intTensor([...tokens, ...new Array(1024 - tokens.length).fill(0)], [1024]);
  const feeds = { ids: padded(ids.slice(0, -1)), targets: padded(ids.slice(1)) };
  const { losses } = await program.run({ ...model.parameters, ...feeds });
  await program.dispose();
  return [...(losses!.data as Float32Array)].slice(from - 1, ids.length - 1).reduce((sum, loss) => sum + loss, 0);
};

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-3 * Math.abs(expected), `${actual}, expected ${expected}`);

describe("text measured", { timeout: HANG_GUARD }, () => {
  it("has the likelihood that decoding it token by token gives", async () => {
    const { documents } = await withScorer(64, (scorer) => measureTexts(scorer, texts, { tokenizer: byteTokenizer }));
    for (const [i, text] of texts.entries()) {
      const ids = [...byteTokenizer.encode(text)].slice(0, 63);
      if (ids.length < 63) near(documents[i]!.nats, await byDecoder([byteTokenizer.endOfDocument], ids));
      assert.equal(documents[i]!.bytes, Buffer.byteLength(text));
    }
  });

  it("has that of the whole model's graph, bit for bit, wherever weights and hidden states are", async (t) => {
    const requests = [3, 64, 40, 9, 33, 64].map((length, i) => ({
      ids: Uint32Array.from(microIds(length + 1, `${i}`, config)),
      from: 1 + (i % 3),
    }));
    const expected: number[] = [];
    for (const request of requests) expected.push(await byWholeGraph(request));
    const places = placed(model.parameters, "F32", join(temporaryFolder(t), "model"));
    for (const [tensors, memory] of [
      [model.parameters, undefined],
      [places, 1],
      [places, 1e6],
    ] as const) {
      const scorer = createScorer(device, { config, tensors }, { window: 64, ...(memory && { memory }) });
      const shares: number[] = [];
      const nats = await scorer.nats(requests, (share) => shares.push(share));
      assert.deepEqual(nats, expected);
      assert.equal(shares.at(-1), 1);
      assert.ok(shares.every((share, i) => i === 0 || share > shares[i - 1]!));
      await scorer.dispose();
    }
  });

  it("is measured in the same tokens whatever the window, and better with more context", async () => {
    const measure = (window: number, stride: number) =>
      withScorer(window, (scorer) => measureTexts(scorer, texts, { tokenizer: byteTokenizer, stride }));
    const disjoint = perplexityOf(await measure(8, 8));
    const sliding = perplexityOf(await measure(8, 1));
    assert.equal(disjoint.tokens, sliding.tokens);
    assert.equal(
      disjoint.bytes,
      texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    );
    near(disjoint.bitsPerByte.estimate, Math.log2(disjoint.perplexity.estimate));
  });

  it("differs from itself by nothing", async () => {
    const measured = await withScorer(32, (scorer) => measureTexts(scorer, texts, { tokenizer: byteTokenizer }));
    assert.deepEqual(bitsPerByteDifference(measured, measured), { estimate: 0, low: 0, high: 0 });
  });

  it("is refused where there is none", async () => {
    const empty = withScorer(32, (scorer) => measureTexts(scorer, ["", ""], { tokenizer: byteTokenizer }));
    await assert.rejects(empty, { code: "TEXT_EMPTY" });
  });

  it("answers questions by the likelihood of each choice behind its context", async () => {
    const questions = [
      { context: "The sky is", choices: ["blue", "a rather long answer", "x"], gold: 0 },
      { context: "Two and two is ", choices: ["four", "five"], gold: 1 },
      { context: "", choices: ["yes", "no"], gold: 0 },
    ];
    const answers = await withScorer(48, (scorer) => answerQuestions(scorer, questions, { tokenizer: byteTokenizer }));
    for (const [i, { context, choices, gold }] of questions.entries()) {
      const before = context.trimEnd();
      const ids = (text: string) => [...byteTokenizer.encode(text)];
      const nats: number[] = [];
      for (const choice of choices) {
        const rest = `${context.slice(before.length)} ${choice}`;
        nats.push(await byDecoder(before === "" ? [byteTokenizer.endOfDocument] : ids(before), ids(rest)));
      }
      const likeliest = (values: readonly number[]) => values.indexOf(Math.min(...values)) === gold;
      assert.deepEqual(answers[i], {
        acc: likeliest(nats),
        accNorm: likeliest(nats.map((value, choice) => value / choices[choice]!.length)),
        accBytes: likeliest(nats.map((value, choice) => value / choices[choice]!.length)),
      });
    }
    assert.equal(accuracyOf(answers).questions, 3);
  });

  it("takes lm-eval's lengths of choices: characters for acc_norm, bytes of UTF-8 for acc_bytes", async () => {
    const given = (nats: readonly number[]): Scorer => ({
      window: 64,
      nats: async () => [...nats],
      dispose: async () => {},
    });
    const answer = (choices: readonly string[], nats: readonly number[]) =>
      answerQuestions(given(nats), [{ context: "q", choices, gold: 1 }], { tokenizer: byteTokenizer });
    // A character 2.0 and 1.75 nats; a byte 0.67 and 1.75.
    assert.deepEqual(await answer(["日本", "abcd"], [4, 7]), [{ acc: false, accNorm: true, accBytes: false }]);
    // A character beyond 16 bits is one: 3.0 and 2.5 nats; a byte 0.75 and 2.5.
    assert.deepEqual(await answer(["🙂", "ab"], [3, 5]), [{ acc: false, accNorm: true, accBytes: false }]);
  });

  it("reads special tokens that a context spells, as lm-eval does, and text as text", async () => {
    const read: ScoreRequest[] = [];
    const scorer: Scorer = {
      window: 64,
      nats: async (requests) => requests.map((request) => read.push(request)),
      dispose: async () => {},
    };
    const context = "a<|endoftext|>b";
    await answerQuestions(scorer, [{ context, choices: ["c", "d"], gold: 0 }], { tokenizer: byteTokenizer });
    assert.deepEqual(
      read.map(({ ids, from }) => ({ ids: [...ids], from })),
      [99, 100].map((choice) => ({ ids: [97, 256, 98, 32, choice], from: 3 })),
    );
    read.length = 0;
    await measureTexts(scorer, [context], { tokenizer: byteTokenizer });
    assert.equal(read[0]!.ids.length, 1 + context.length);
  });

  it("keeps the end of a context that is too long", async () => {
    const long = { context: "context ".repeat(40), choices: ["a", "b"], gold: 0 };
    const short = { ...long, context: long.context.slice(-62) };
    const answer = (question: typeof long) =>
      withScorer(32, (scorer) => answerQuestions(scorer, [question], { tokenizer: byteTokenizer }));
    assert.deepEqual(await answer(long), await answer(short));
  });
});
