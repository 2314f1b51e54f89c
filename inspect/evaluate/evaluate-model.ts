import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { heldIfItFits } from "#shared/evaluation/evaluation-memory.js";
import { type Answer, answerQuestions, type Question } from "#shared/text-evaluation/multiple-choice.js";
import { type Measured, measureTexts } from "#shared/text-evaluation/perplexity.js";
import { createScorer } from "#shared/text-evaluation/scorer.js";
import type { LanguageModel } from "../model/language-model.js";

export interface EvaluationOptions {
  readonly texts: readonly string[] | null;
  readonly questions: readonly Question[] | null;
  /** Longest input in tokens; unset: 1,024, or the model's where that is less. */
  readonly window?: number | undefined;
  /** Tokens that a window predicts at most; unset: the window. */
  readonly stride?: number | undefined;
  readonly threads: number;
  readonly onProgress?: (done: number, all: number) => void;
}

/** What a model made of text and of questions. */
export interface ModelEvaluation {
  readonly model: string;
  readonly window: number;
  readonly stride: number;
  readonly text: Measured | null;
  readonly answers: readonly Answer[] | null;
}

const DEFAULT_WINDOW = 1024;

/** @throws BlockZeroError WINDOW_INVALID, TEXT_EMPTY */
export const evaluateModel = async (model: LanguageModel, options: EvaluationOptions): Promise<ModelEvaluation> => {
  const { texts, questions, threads, onProgress } = options;
  const { max_position_embeddings: longest } = model.config;
  const window = options.window ?? Math.min(DEFAULT_WINDOW, longest);
  const stride = options.stride ?? window;
  if (window > longest || stride > window)
    throw new BlockZeroError(
      "WINDOW_INVALID",
      `a window of ${window} tokens by ${stride} does not fit the model's ${longest}`,
      "the stride is at most the window, the window at most the model's max_position_embeddings",
    );
  const { tokenizer, name, config } = model;
  const tensors = await heldIfItFits(model.tensors);
  const scorer = createScorer(onnxCpu({ threads }), { config, tensors }, { window });
  try {
    return {
      model: name,
      window,
      stride,
      text: texts && (await measureTexts(scorer, texts, { tokenizer, stride, ...(onProgress && { onProgress }) })),
      answers: questions && (await answerQuestions(scorer, questions, { tokenizer })),
    };
  } finally {
    await scorer.dispose();
  }
};
