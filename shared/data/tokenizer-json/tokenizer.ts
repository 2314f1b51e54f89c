import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { withinTime } from "#shared/util/within-time.js";
import type { Tokenizer } from "../tokenizer.js";
import { unknownToken } from "../unknown-token.js";
import { addedTokenSplitter } from "./added-tokens.js";
import { readTokenizerConfig, separatorsOf } from "./config.js";
import { readTokenizerDocument, type TokenizerDocument } from "./document.js";
import { invalidTokenizer } from "./invalid.js";
import { encoderOfWords } from "./model.js";
import { normaliserOf } from "./normalisers.js";
import type { AddedToken } from "./parts.js";
import { preTokenizerOf } from "./pre-tokenizers.js";
import { tokenBytes } from "./token-bytes.js";

/** The files of a tokenizer, as Hugging Face repositories have them. */
export interface TokenizerFiles {
  /** `tokenizer.json`. */
  readonly tokenizer: Uint8Array;
  /** `tokenizer_config.json`. */
  readonly config?: Uint8Array | undefined;
}

/** Text is tokenised in pieces of at most this many UTF-16 units. */
const MAX_PIECE = 2 ** 20;

/** What a tokenizer's rules may take for a piece of text, milliseconds. */
const RULES_MILLISECONDS = 120_000;

/**
 * A tokenizer from its files. Regular expressions and `ByteLevel` are `@huggingface/tokenizers`'; the rest is our own, whose time does not grow with
 * the square of a word. Ids are those of the Rust library `tokenizers` with `encode_special_tokens`, but for text of more than 2^20 UTF-16
 * units, which is tokenised in pieces (`piecesOf`).
 *
 * @param name         what it is called
 * @param milliseconds what its rules may take for a piece of text
 * @throws BlockZeroError TOKENIZER_INVALID; TOKENIZER_FAILED, from `encode` and `encodePrompt` too
 */
export const huggingFaceTokenizer = (
  name: string,
  files: TokenizerFiles,
  milliseconds: number = RULES_MILLISECONDS,
): Tokenizer => {
  const within = boundedBy(milliseconds);
  const document = readTokenizerDocument(files.tokenizer);
  const { parts } = document;
  const specials = parts.added_tokens.filter(({ special }) => special);
  const separators = separatorsOf(document, files.config ? readTokenizerConfig(files.config) : undefined);
  const { bytes, normalise, split, wordIds } = within("tokenizer.json", () => ({
    bytes: bytesById(document),
    normalise: normaliserOf(parts.normalizer),
    split: preTokenizerOf(parts.pre_tokenizer),
    wordIds: encoderOfWords(document, separators),
  }));

  const normalisedToken = (token: AddedToken): AddedToken => {
    const content = normalise(token.content);
    if (content === "")
      throw invalidTokenizer(`tokenizer.json: added_tokens: nothing is left of ${JSON.stringify(token.content)}`);
    return { ...token, content };
  };
  const encoder = (tokens: readonly AddedToken[]): ((text: string) => Uint32Array) => {
    const { raw, normalised } = within(name, () => ({
      raw: addedTokenSplitter(tokens.filter(({ normalized }) => !normalized)),
      normalised: addedTokenSplitter(tokens.filter(({ normalized }) => normalized).map(normalisedToken)),
    }));
    const encodePiece = (text: string): number[] => {
      const ids: number[] = [];
      let isFirst = true;
      for (const piece of raw(text)) {
        if ("id" in piece) ids.push(piece.id);
        else
          for (const part of normalised(normalise(piece.text))) {
            if ("id" in part) ids.push(part.id);
            else for (const word of split(part.text, isFirst)) for (const id of wordIds(word)) ids.push(id);
            isFirst = false;
          }
        isFirst = false;
      }
      return ids;
    };
    return (text) => joined(piecesOf(text).map((piece) => within(name, () => encodePiece(piece))));
  };

  const sizeOf = (id: number | bigint | undefined): Uint8Array => {
    const found = bytes[Number(id)];
    if (!found) throw unknownToken(id);
    return found;
  };
  const contentOf = new Map(specials.map(({ id, content }) => [id, content]));
  let prompts: ((text: string) => Uint32Array) | undefined;
  return {
    name,
    size: bytes.length,
    has: (id) => bytes[id] !== undefined,
    endOfDocument: separators.end,
    startOfDocument: separators.start,
    specialTokens: new Map(specials.map(({ id, content }) => [content, id])),
    encode: encoder(parts.added_tokens.filter(({ special }) => !special)),
    encodePrompt(text) {
      prompts ??= encoder(parts.added_tokens);
      return prompts(text);
    },
    decode(ids) {
      const chunks: Uint8Array[] = [];
      for (let i = 0; i < ids.length; i++) {
        const content = contentOf.get(Number(ids[i]));
        chunks.push(content === undefined ? sizeOf(ids[i]) : Buffer.from(content));
      }
      const text = utf8.decode(Buffer.concat(chunks));
      return document.stripsFirstSpace && text.startsWith(" ") ? text.slice(1) : text;
    },
    bytesOf(ids) {
      let sum = 0;
      for (let i = 0; i < ids.length; i++) sum += sizeOf(ids[i]).length;
      return sum;
    },
  };
};

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** By id, the bytes of text that a token stands for, none for a special one; undefined for an id that is none. */
const bytesById = ({ parts, vocabulary, size }: TokenizerDocument): readonly (Uint8Array | undefined)[] => {
  const bytesOf = tokenBytes(parts.decoder);
  if (!bytesOf)
    throw invalidTokenizer("decoder: only ByteLevel, WordPiece, Metaspace and Replace with ByteFallback are read");
  const bytes = new Array<Uint8Array | undefined>(size);
  for (const [token, id] of vocabulary) bytes[id] = bytesOf(token);
  for (const { id, content, special } of parts.added_tokens)
    bytes[id] = special ? new Uint8Array() : Buffer.from(content);
  return bytes;
};

/**
 * Work on a tokenizer's rules, which somebody else wrote.
 * @throws BlockZeroError TOKENIZER_FAILED
 */
const boundedBy =
  (milliseconds: number) =>
  <T extends object>(name: string, work: () => T): T => {
    let result: T | undefined;
    try {
      result = withinTime(milliseconds, work);
    } catch (cause) {
      throw cause instanceof BlockZeroError ? cause : failed(name, reasonOf(cause), cause);
    }
    if (result === undefined) throw failed(name, `it took more than ${milliseconds / 1000} s`);
    return result;
  };

/**
 * Text in pieces of at most 2^20 UTF-16 units: cut after the last line break of a piece, else before its last space, else where it is full,
 * but never within a character.
 */
const piecesOf = (text: string): readonly string[] => {
  const pieces: string[] = [];
  let from = 0;
  while (text.length - from > MAX_PIECE) {
    const most = from + MAX_PIECE;
    const line = text.lastIndexOf("\n", most - 1) + 1;
    const space = text.lastIndexOf(" ", most - 1);
    const full = /[\uDC00-\uDFFF]/.test(text[most]!) ? most - 1 : most;
    const end = line > from ? line : space > from ? space : full;
    pieces.push(text.slice(from, end));
    from = end;
  }
  pieces.push(text.slice(from));
  return pieces;
};

const joined = (parts: readonly (readonly number[])[]): Uint32Array => {
  const ids = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    ids.set(part, at);
    at += part.length;
  }
  return ids;
};

const failed = (name: string, reason: string, cause?: unknown) =>
  new BlockZeroError(
    "TOKENIZER_FAILED",
    `the tokenizer ${name} cannot make tokens of a text: ${reason}`,
    "ask the subnet's owner: its tokenizer.json has a rule that fails or takes too long",
    { cause },
  );
