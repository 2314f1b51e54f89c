import { BlockZeroError } from "#shared/errors/error.js";
import type { Network } from "../protocol/network.js";
import { tokenizerFiles } from "../protocol/tokenizer-files.js";
import { openTokenizer } from "./open-tokenizer.js";

interface WithModel {
  readonly model: Pick<Network["model"], "vocab_size">;
  readonly data: Pick<Network["data"], "tokenizer">;
}

/** Why a model cannot read its tokenizer's ids, or null. A tokenizer whose files are not at hand is taken to fit: who fetches them will see. */
export const vocabularyProblem = ({ model, data }: WithModel): string | null => {
  if (tokenizerFiles(data.tokenizer).some(({ path }) => path === undefined)) return null;
  const { name, size } = openTokenizer(data);
  if (model.vocab_size >= size) return null;
  return `model.vocab_size is ${model.vocab_size}, the tokenizer "${name.slice(0, 8)}" has ${size} tokens`;
};

/**
 * @throws BlockZeroError VOCABULARY_TOO_SMALL naming both sizes, and what `openTokenizer` throws
 */
export const checkVocabulary = (network: WithModel): void => {
  const problem = vocabularyProblem(network);
  if (problem === null) return;
  throw new BlockZeroError(
    "VOCABULARY_TOO_SMALL",
    problem,
    "take the model's own tokenizer, or a model with at least so many rows in its embedding",
  );
};
