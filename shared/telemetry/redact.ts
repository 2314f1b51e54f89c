import { reasonOf } from "#shared/errors/error.js";

const REDACTED = "[redacted]";
const SECRET_KEYS =
  /secret|password|passphrase|mnemonic|seedphrase|privatekey|apikey|authorization|credential|accesstoken|bearer/;
// A URL begins at its `://`, whatever its scheme, and is taken to its end where it is one: no character is looked at again for each that stands
// before it.
/** `user:password@`; a password may hold an `@`. */
const USER_INFO = /(?<=:\/\/)[^\s/?#]*@/g;
/** A URL up to the `?`, and what follows it: keys stand there under any name. */
const QUERY = /(:\/\/[^\s?#"'<>]*\?)[^\s#"'<>]+|:\/\/[^\s?#"'<>]*/g;
/** A WebSocket endpoint's host and path, and a part of the path that is as long as a key. */
const ENDPOINT = /(?<=\bwss?:\/\/)[^\s?#"'<>]+/gi;
const KEY_IN_PATH = /(?<=\/)[\w.~-]{20,}/g;

const MAX_DEPTH = 6;
const MAX_ITEMS = 64;
const MAX_TEXT = 4096;
const MAX_BYTES_SHOWN = 32;

/** Text without the credentials of its URLs: user and password, query, and keys in the path of a WebSocket endpoint. Takes time in proportion. */
export const redactUrls = (text: string): string =>
  text
    .replace(USER_INFO, `${REDACTED}@`)
    .replace(QUERY, (url, asked: string | undefined) => (asked === undefined ? url : `${asked}${REDACTED}`))
    .replace(ENDPOINT, (endpoint) => endpoint.replace(KEY_IN_PATH, REDACTED));

/** `redactUrls`, and not more of the text than a log can use. */
export const redactText = (text: string): string => {
  // What is cut may be the end of a URL by which its secret is known: more is looked at than is shown.
  const shown = redactUrls(text.slice(0, 2 * MAX_TEXT));
  return shown.length > MAX_TEXT ? `${shown.slice(0, MAX_TEXT)}… (${text.length} characters)` : shown;
};

/**
 * A value as it may stand in a log: what a secret's name points to is replaced, whatever its case and separators
 * (`secretSeed`, `WANDB_API_KEY`, `secret-phrase`), errors become their message, bytes hexadecimal, and depth and size
 * are bounded.
 */
export const redact = (value: unknown, depth = 0): unknown => {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return `[${typeof value}]`;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return redactText(reasonOf(value));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (ArrayBuffer.isView(value)) return bytesOf(value);
  if (depth >= MAX_DEPTH) return "[…]";
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((item) => redact(item, depth + 1));
    return value.length > MAX_ITEMS ? [...items, `… ${value.length - MAX_ITEMS} more`] : items;
  }
  return redactFields(value, depth + 1);
};

/** `redact` for every field of a record. */
export const redactFields = (fields: object, depth = 0): Record<string, unknown> => {
  const entries = Object.entries(fields);
  const kept = entries
    .slice(0, MAX_ITEMS)
    .map(([key, value]): [string, unknown] => [key, isSecret(key) ? REDACTED : redact(value, depth)]);
  if (entries.length > MAX_ITEMS) kept.push(["…", `${entries.length - MAX_ITEMS} more`]);
  return Object.fromEntries(kept);
};

const isSecret = (key: string): boolean => SECRET_KEYS.test(key.toLowerCase().replace(/[^a-z]/g, ""));

const bytesOf = (view: ArrayBufferView): string =>
  view.byteLength <= MAX_BYTES_SHOWN
    ? Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("hex")
    : `[${view.byteLength} bytes]`;
