import { z } from "zod";
import { reasonOf } from "#shared/errors/error.js";
import { jsonExcess } from "#shared/protocol/json-excess.js";
import { MAX_TOKENIZER_BYTES } from "#shared/protocol/tokenizer-files.js";
import { MAX_IDS } from "./bpe.js";
import { invalidTokenizer } from "./invalid.js";
import { partsSchema, type TokenizerParts } from "./parts.js";
import { MAX_TRIE_CHARACTERS } from "./trie.js";

/** The longest token of a Unigram model: a text is looked up so far from every place. */
const MAX_TOKEN = 256;

/** What a tokenizer's JSON may hold. */
const MOST = { values: 4_000_000, depth: 32 };

/** A tokenizer.json as it was checked. */
export interface TokenizerDocument {
  readonly parts: TokenizerParts;
  /** Tokens of the model, without those that were added. */
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly merges: readonly (readonly [left: number, right: number, merged: number])[];
  /** Of a Unigram model, by id. */
  readonly scores: readonly number[];
  /** Ids of all tokens are below this. */
  readonly size: number;
  /** Whether decoding leaves out a space at the beginning, which encoding put there. */
  readonly stripsFirstSpace: boolean;
}

/**
 * @throws BlockZeroError TOKENIZER_INVALID
 */
export const readTokenizerDocument = (bytes: Uint8Array): TokenizerDocument => {
  const what = "tokenizer.json";
  const document = parseJson(bytes, what, MAX_TOKENIZER_BYTES);
  const parts = checkedBy(partsSchema, document, what);
  const { model } = document as { readonly model: { readonly vocab?: unknown; readonly merges?: unknown } };
  const isUnigram = parts.model.type === "Unigram";
  const [vocabulary, scores] = isUnigram ? scoredVocabularyOf(model.vocab) : [vocabularyOf(model.vocab), []];
  if (parts.model.type === "Unigram" && parts.model.unk_id >= scores.length)
    throw invalidTokenizer(`${what}: model.unk_id is ${parts.model.unk_id}, which no token has`);
  const merges = parts.model.type === "BPE" ? mergesOf(model.merges, vocabulary) : [];
  let size = 0;
  for (const id of vocabulary.values()) size = Math.max(size, id + 1);
  for (const { id, content } of parts.added_tokens) {
    if (id >= MAX_IDS) throw invalidTokenizer(`${what}: added_tokens: the id of ${quoted(content)} is ${id}`);
    size = Math.max(size, id + 1);
  }
  const stripsFirstSpace = parts.decoder.some(
    (step) => step.type === "Metaspace" || step.type === "WordPiece" || (step.type === "Strip" && step.start === 1),
  );
  return { parts, vocabulary, merges, scores, size: Math.max(size, scores.length), stripsFirstSpace };
};

/** @throws BlockZeroError TOKENIZER_INVALID for JSON that is none, or too much */
export const parseJson = (bytes: Uint8Array, what: string, maxBytes: number): unknown => {
  if (bytes.length > maxBytes)
    throw invalidTokenizer(`${what} has ${bytes.length} bytes, at most ${maxBytes} are read`);
  const excess = jsonExcess(bytes, MOST);
  if (excess !== null) throw invalidTokenizer(`${what}: ${excess}`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalidTokenizer(`${what} is not JSON: ${reasonOf(cause)}`, cause);
  }
};

/** @throws BlockZeroError TOKENIZER_INVALID naming the field */
export const checkedBy = <T>(schema: z.ZodType<T>, document: unknown, what: string): T => {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const issue = deepest(result.error.issues[0]!);
  throw invalidTokenizer(`${what}: ${issue.path.join(".") || "the document"}: ${issue.message}`, result.error);
};

/** Of a union's issues that of the last member that says where it fails. */
const deepest = (issue: z.core.$ZodIssue): { readonly path: readonly PropertyKey[]; readonly message: string } => {
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors
    .flat()
    .reduce<z.core.$ZodIssue | undefined>(
      (best, one) => (best === undefined || one.path.length > best.path.length ? one : best),
      undefined,
    );
  if (!inner) return issue;
  const found = deepest(inner);
  return { path: [...issue.path, ...found.path], message: found.message };
};

const vocabularyOf = (vocab: unknown): ReadonlyMap<string, number> => {
  if (typeof vocab !== "object" || vocab === null || Array.isArray(vocab))
    throw invalidTokenizer("tokenizer.json: model.vocab is not an object of tokens and their ids");
  const vocabulary = new Map<string, number>();
  for (const [token, id] of Object.entries(vocab)) {
    if (!Number.isInteger(id) || id < 0 || id >= MAX_IDS)
      throw invalidTokenizer(
        `tokenizer.json: model.vocab: the id of ${quoted(token)} is no number from 0 to ${MAX_IDS - 1}`,
      );
    vocabulary.set(token, id);
  }
  return vocabulary;
};

const scoredPair = z.tuple([z.string().max(MAX_TOKEN), z.number()]);

const scoredVocabularyOf = (vocab: unknown): readonly [ReadonlyMap<string, number>, readonly number[]] => {
  if (!Array.isArray(vocab) || vocab.length === 0 || vocab.length > MAX_IDS)
    throw invalidTokenizer("tokenizer.json: model.vocab is not a list of tokens and their scores");
  const vocabulary = new Map<string, number>();
  let characters = 0;
  const scores = vocab.map((entry: unknown, id) => {
    const pair = scoredPair.safeParse(entry);
    if (!pair.success)
      throw invalidTokenizer(
        `tokenizer.json: model.vocab.${id} is no token of at most ${MAX_TOKEN} characters and its score`,
      );
    const [token, score] = pair.data;
    vocabulary.set(token, id);
    characters += token.length;
    return score;
  });
  if (characters > MAX_TRIE_CHARACTERS)
    throw invalidTokenizer(
      `tokenizer.json: the tokens of model.vocab have ${characters} characters, at most ${MAX_TRIE_CHARACTERS} are read`,
    );
  return [vocabulary, scores];
};

const mergesOf = (merges: unknown, vocabulary: ReadonlyMap<string, number>): TokenizerDocument["merges"] => {
  if (!Array.isArray(merges)) throw invalidTokenizer("tokenizer.json: model.merges is not a list of pairs");
  return merges.map((merge: unknown, i) => {
    const pair: unknown = typeof merge === "string" ? merge.split(" ") : merge;
    if (!Array.isArray(pair) || pair.length !== 2)
      throw invalidTokenizer(`tokenizer.json: model.merges.${i} is no pair`);
    const ids = [pair[0], pair[1], `${pair[0]}${pair[1]}`].map((token) => vocabulary.get(token));
    const [left, right, merged] = ids;
    if (left === undefined || right === undefined || merged === undefined)
      throw invalidTokenizer(`tokenizer.json: model.merges.${i} is of tokens that the vocabulary lacks`);
    return [left, right, merged] as const;
  });
};

/** A token within a sentence: cut, as whoever made the model may have written megabytes. */
export const quoted = (token: string): string => JSON.stringify(token.slice(0, 40));
