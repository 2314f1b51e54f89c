import { reasonOf } from "#shared/errors/error.js";

const REDACTED = "[redacted]";
const SECRET_KEYS =
  /secret|password|passphrase|mnemonic|seedphrase|privatekey|apikey|authorization|credential|accesstoken|bearer/;
const USER_INFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]+@/gi;

const MAX_DEPTH = 6;
const MAX_ITEMS = 64;
const MAX_TEXT = 4096;
const MAX_BYTES_SHOWN = 32;

/** Text without the credentials of its URLs, and without more of it than a log can use. */
export const redactText = (text: string): string => {
  const clipped = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text;
  return clipped.replace(USER_INFO, `$1${REDACTED}@`);
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
