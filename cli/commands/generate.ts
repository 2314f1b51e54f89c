import { type LanguageModel, openLanguageModel } from "#inspect/model/language-model.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { nonNegativeNumber, positiveNumber, shareOrAll, wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { renderChat } from "#shared/data/chat-template.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { checkHeldWhole } from "#shared/evaluation/evaluation-memory.js";
import { createDecoder } from "#shared/generation/decoder.js";
import { generate as generateTokens } from "#shared/generation/generate.js";
import { textStream } from "#shared/generation/text-stream.js";
import { allInMemory } from "#shared/model/model-tensors.js";
import { type ModelOptions, modelFrom, modelOptions } from "../model-options.js";

interface Options extends ModelOptions {
  readonly prompt?: string;
  readonly chat?: string;
  readonly system?: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP: number;
  readonly repetitionPenalty?: number;
  readonly seed: number;
  readonly json?: boolean;
}

export const generate: CommandSpec = {
  name: "generate",
  description: "let a model continue a prompt or answer in a chat; the text goes to standard output as it comes",
  examples: [
    'blockzero generate --prompt "Call me"',
    'blockzero generate --model SmolLM2-135M --prompt "The capital of France is" --max-tokens 20',
    'blockzero generate --model SmolLM2-135M-Instruct --chat "Name three colours." --temperature 0.7 --top-p 0.9 --seed 2',
  ],
  define: (command) => {
    modelOptions(
      command
        .option("--prompt <text>", "the text that is continued")
        .option("--chat <text>", "a message that is answered, by the model's chat template")
        .option("--system <text>", "with --chat: what the model is told first")
        .option("--max-tokens <n>", "tokens that are added at most", wholeNumber(1), 128)
        .option("--temperature <t>", "divides the logits; 0 takes the likeliest token always", nonNegativeNumber, 0)
        .option("--top-k <n>", "only so many of the likeliest tokens; unset: all", wholeNumber(1))
        .option("--top-p <p>", "only the likeliest tokens that have this probability together", shareOrAll, 1)
        .option(
          "--repetition-penalty <p>",
          "divides what speaks for tokens that are there already; 1: nothing; unset: as the model's generation_config.json says, or 1",
          positiveNumber,
        )
        .option("--seed <n>", "seed of what temperature leaves to chance", wholeNumber(0), 1),
    )
      .option(...JSON_FLAG)
      .action(run);
  },
};

const run = async (options: Options): Promise<void> => {
  const signal = shutdownSignal();
  if ((options.prompt === undefined) === (options.chat === undefined))
    throw new BlockZeroError(
      "USAGE",
      "name what the model is to say something about",
      "give --prompt or --chat, not both",
    );
  const model = await openLanguageModel({ ...modelFrom(options), check: checkHeldWhole });
  const { tokenizer, config, tensors, stop, ignored } = model;
  const prompt = promptOf(model, options);
  if (ignored.length > 0)
    console.error(
      `note: the model's generation_config.json sets ${ignored.join(", ")}, which is not applied here: transformers may write other text`,
    );
  const decoder = await createDecoder({ device: onnxCpu(options), config, parameters: await allInMemory(tensors) });
  const { maxTokens, temperature, topK = null, topP, seed, json = false } = options;
  const { repetitionPenalty = model.repetitionPenalty } = options;
  try {
    const sampling = { temperature, topK, topP };
    const { has } = tokenizer;
    const how = { sampling, repetitionPenalty, seed };
    const generation = generateTokens(decoder, { prompt, maxTokens, ...how, has, stop, signal });
    const stream = textStream(tokenizer);
    const tokens: number[] = [];
    let text = "";
    const show = (piece: string) => {
      text += piece;
      if (!json) process.stdout.write(shown(piece));
    };
    const begin = performance.now();
    let first = begin;
    let next = await generation.next();
    for (; !next.done; next = await generation.next()) {
      if (tokens.length === 0) first = performance.now();
      tokens.push(next.value);
      show(stream.push(next.value));
    }
    show(stream.end());
    const rate = tokens.length > 1 ? ((tokens.length - 1) * 1000) / (performance.now() - first) : null;
    if (json)
      printJson({
        model: model.name,
        prompt: prompt.length,
        tokens,
        text,
        finish: next.value,
        seed,
        repetitionPenalty,
        ignored,
        tokensPerSecond: rate,
      });
    else process.stdout.write("\n");
    const speed = rate === null ? "" : `, ${rate.toFixed(1)} tokens/s`;
    console.error(
      `${prompt.length} tokens read in ${((first - begin) / 1000).toFixed(2)} s, ${tokens.length} written${speed} (${next.value})`,
    );
  } finally {
    await decoder.dispose();
  }
};

/**
 * The prompt's tokens, as transformers has them: plain text begins a document, a chat's template says itself how it begins. Either may spell special
 * tokens.
 */
const promptOf = ({ tokenizer, chat }: LanguageModel, { prompt, chat: message, system }: Options): number[] => {
  if (message === undefined) {
    const { startOfDocument } = tokenizer;
    return [...(startOfDocument === null ? [] : [startOfDocument]), ...tokenizer.encodePrompt(prompt ?? "")];
  }
  if (chat === null)
    throw new BlockZeroError(
      "CHAT_TEMPLATE_MISSING",
      "the model has no chat template",
      "give a plain prompt with --prompt",
    );
  const messages = [
    ...(system === undefined ? [] : [{ role: "system", content: system }]),
    { role: "user", content: message },
  ];
  const { template, variables } = chat;
  return [...tokenizer.encodePrompt(renderChat(template, messages, { addGenerationPrompt: true, variables }))];
};

/** A model may write anything: a terminal gets no control characters from it. */
const shown = (text: string): string =>
  process.stdout.isTTY
    ? text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => ("\n\t\u200d".includes(character) ? character : "?"))
    : text;
