import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { withinTime } from "#shared/util/within-time.js";
import { type Border, placesOf, type Tokenizer } from "../tokenizer.js";
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
 * @throws BlockZeroError TOKENIZER_INVALID; TOKENIZER_FAILED, from what makes ids of text too
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
  const encoder = (tokens: readonly AddedToken[]): Encoder => {
    const { raw, normalised } = within(name, () => ({
      raw: addedTokenSplitter(tokens.filter(({ normalized }) => !normalized)),
      normalised: addedTokenSplitter(tokens.filter(({ normalized }) => normalized).map(normalisedToken)),
    }));
    const idsOf = (text: string, begins: boolean): readonly number[] => {
      const ids: number[] = [];
      let isFirst = begins;
      for (const part of normalised(normalise(text))) {
        if ("id" in part) ids.push(part.id);
        else for (const word of split(part.text, isFirst)) for (const id of wordIds(word)) ids.push(id);
        isFirst = false;
      }
      return ids;
    };
    const lotsOf = (text: string): readonly Lot[] =>
      raw(text).map((piece, i) =>
        "id" in piece
          ? { end: piece.end, ids: [piece.id], upTo: () => null }
          : {
              end: piece.end,
              ids: idsOf(piece.text, i === 0),
              upTo: (length) => within(name, () => idsOf(piece.text.slice(0, length), i === 0)),
            },
      );
    return (text) => piecesOf(text).map((piece) => within(name, () => lotsOf(piece)));
  };

  const sizeOf = (id: number | bigint | undefined): Uint8Array => {
    const found = bytes[Number(id)];
    if (!found) throw unknownToken(id);
    return found;
  };
  const contentOf = new Map(specials.map(({ id, content }) => [id, content]));
  const documents = encoder(parts.added_tokens.filter(({ special }) => !special));
  let prompts: Encoder | undefined;
  const prompt: Encoder = (text) => {
    prompts ??= encoder(parts.added_tokens);
    return prompts(text);
  };
  return {
    name,
    size: bytes.length,
    has: (id) => bytes[id] !== undefined,
    endOfDocument: separators.end,
    startOfDocument: separators.start,
    specialTokens: new Map(specials.map(({ id, content }) => [content, id])),
    encode: (text) => joined(documents(text)),
    encodePrompt: (text) => joined(prompt(text)),
    encodeParts(texts) {
      const pieces = prompt(texts.join(""));
      return { ids: joined(pieces), places: placesOf(texts, bordersOf(texts, pieces)) };
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

/** Ids of a part of a piece that does not depend on what stands after it: an added token, or text between two. */
interface Lot {
  /** Where in its piece it ends. */
  readonly end: number;
  readonly ids: readonly number[];
  /** The ids that its first units of text would have by themselves; null within an added token. */
  readonly upTo: (length: number) => readonly number[] | null;
}

/** A text as pieces of lots. */
type Encoder = (text: string) => readonly (readonly Lot[])[];

const joined = (pieces: readonly (readonly Lot[])[]): Uint32Array => {
  const lots = pieces.flat();
  const ids = new Uint32Array(lots.reduce((sum, lot) => sum + lot.ids.length, 0));
  let at = 0;
  for (const lot of lots) {
    ids.set(lot.ids, at);
    at += lot.ids.length;
  }
  return ids;
};

/** The borders at the ends of parts: before one stand the ids that a text which ends there begins with too. */
const bordersOf = (texts: readonly string[], pieces: readonly (readonly Lot[])[]): readonly Border[] => {
  const placed: { readonly lot: Lot; readonly from: number; readonly to: number; readonly first: number }[] = [];
  let from = 0;
  let first = 0;
  for (const lots of pieces) {
    const start = from;
    for (const lot of lots) {
      const to = start + lot.end;
      placed.push({ lot, from, to, first });
      from = to;
      first += lot.ids.length;
    }
  }
  let at = 0;
  let end = 0;
  return texts.map(({ length }) => {
    end += length;
    while (at < placed.length - 1 && placed[at]!.to < end) at++;
    const found = placed[at];
    if (found === undefined || end === 0) return { before: 0, upTo: 0 };
    const { ids, upTo } = found.lot;
    const whole = found.first + ids.length;
    if (end === found.to) return { before: whole, upTo: whole };
    const shorter = upTo(end - found.from);
    let common = 0;
    while (shorter && common < shorter.length && shorter[common] === ids[common]) common++;
    const before = found.first + common;
    return { before, upTo: common === shorter?.length ? before : Math.min(before + 1, whole) };
  });
};

const failed = (name: string, reason: string, cause?: unknown) =>
  new BlockZeroError(
    "TOKENIZER_FAILED",
    `the tokenizer ${name} cannot make tokens of a text: ${reason}`,
    "ask the subnet's owner: its tokenizer.json has a rule that fails or takes too long",
    { cause },
  );
