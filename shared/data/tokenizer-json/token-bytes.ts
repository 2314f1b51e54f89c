import type { TokenizerParts } from "./parts.js";

/** The bytes of text that a token of the vocabulary stands for, as the decoder says; null for a decoder that is not known. */
export const tokenBytes = (decoder: TokenizerParts["decoder"]): ((token: string) => Uint8Array) | null => {
  const has = (type: (typeof decoder)[number]["type"]) => decoder.some((step) => step.type === type);
  if (has("ByteLevel")) return decoder.length === 1 ? byteLevel : null;
  const wordPiece = decoder.find((step) => step.type === "WordPiece");
  if (wordPiece) return decoder.length === 1 ? continued(wordPiece.prefix) : null;
  if (!has("Metaspace") && !has("Replace")) return null;
  return has("ByteFallback") ? (token) => fallbackByte(token) ?? spaced(token) : spaced;
};

const utf8 = new TextEncoder();

const spaced = (token: string): Uint8Array => utf8.encode(token.replaceAll("▁", " "));

/** A word is written with a space before it. */
const continued =
  (prefix: string) =>
  (token: string): Uint8Array =>
    utf8.encode(token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`);

const fallbackByte = (token: string): Uint8Array | undefined => {
  const hex = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
  return hex === undefined ? undefined : Uint8Array.of(Number.parseInt(hex, 16));
};

/** GPT-2's printable character for each byte (`bytes_to_unicode`), the other way round. */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let others = 0;
  const entries = Array.from({ length: 256 }, (_, byte): [string, number] => [
    String.fromCodePoint(printable(byte) ? byte : 256 + others++),
    byte,
  ]);
  return new Map(entries);
})();

const byteLevel = (token: string): Uint8Array => {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = byteOfCharacter.get(character);
    if (byte === undefined) bytes.push(...utf8.encode(character));
    else bytes.push(byte);
  }
  return Uint8Array.from(bytes);
};
