import { BlockZeroError } from "#shared/errors/error.js";

const LINE_END = /\r\n|\n|\r/;
const NAME = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=[^\S\r\n]*/;
const COMMENT_OR_NOTHING = /^\s*(#.*)?$/;
const QUOTES = "\"'`";

/**
 * The text of an environment file: UTF-8, or UTF-16 with a byte order mark. @param file for messages
 * @throws BlockZeroError ENV_FILE_MALFORMED
 */
export const decodeEnvironment = (bytes: Uint8Array, file: string): string => {
  try {
    const text = new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Told below: the decoder's own message says no more.
  }
  throw new BlockZeroError(
    "ENV_FILE_MALFORMED",
    `${file} is neither UTF-8 nor UTF-16 with a byte order mark`,
    "save it as UTF-8",
  );
};

const encodingOf = ([first, second]: Uint8Array): string => {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
};

/**
 * Names and values of an environment file, `NAME=value` a line, `export` before it or not. Lines of spaces and lines that begin with `#`
 * say nothing. A value in quotes may go over several lines; in double quotes `\n` is a new line. Elsewhere a `#` after a space begins a
 * comment. What other readers of such files take in different ways is refused, and no fault quotes a value.
 *
 * @param file for messages
 * @throws BlockZeroError ENV_FILE_MALFORMED
 */
export const parseEnvironment = (text: string, file: string): ReadonlyMap<string, string> => {
  const values = new Map<string, string>();
  const lines = text.split(LINE_END);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (COMMENT_OR_NOTHING.test(line)) continue;
    const refuse = (fault: string, hint: string) =>
      new BlockZeroError("ENV_FILE_MALFORMED", `${file}:${index + 1}: ${fault}`, hint);
    const head = NAME.exec(line);
    if (head?.[1] === undefined) throw refuse("not NAME=value", "write NAME=value, or # before a comment");
    const name = head[1];
    if (values.has(name)) throw refuse(`${name} is given twice`, "keep one of the two");
    const rest = line.slice(head[0].length);
    const quote = rest.charAt(0);
    if (quote === "" || !QUOTES.includes(quote)) {
      values.set(
        name,
        bareValue(rest, () => refuse(`${name} holds a # without a space before it`, QUOTE_IT)),
      );
      continue;
    }
    const remaining = [rest.slice(1), ...lines.slice(index + 1)];
    const last = remaining.findIndex((part) => part.includes(quote));
    if (last === -1) throw refuse(`the value of ${name} begins with a quote that is not closed`, "close the quote");
    const closing = remaining[last] ?? "";
    const end = closing.indexOf(quote);
    if (!COMMENT_OR_NOTHING.test(closing.slice(end + 1)))
      throw refuse(`text follows the closing quote of ${name}`, "put the whole value between one pair of quotes");
    const value = [...remaining.slice(0, last), closing.slice(0, end)].join("\n");
    values.set(name, quote === '"' ? value.replaceAll("\\n", "\n") : value);
    index += last;
  }
  return values;
};

const QUOTE_IT = "put the value between quotes, or a space before the comment";

const bareValue = (text: string, ambiguous: () => BlockZeroError): string => {
  const comment = text.search(/(^|\s)#/);
  const value = comment === -1 ? text : text.slice(0, comment);
  if (value.includes("#")) throw ambiguous();
  return value.trim();
};
