import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { Template } from "@huggingface/jinja";
import { z } from "zod";
import { BOUNDED, withBoundedRange } from "#shared/data/bounded-range.js";
import { type ChatFormat, chatFormatOf } from "#shared/data/chat-format.js";
import { MAX_TEMPLATE_LENGTH } from "#shared/data/chat-template.js";
import { withoutGenerationBlocks } from "#shared/data/generation-blocks.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { isInside, linkRoots } from "#shared/files/link-roots.js";
import { readSmallFileSync } from "#shared/files/regular-file.js";
import { MAX_CHAT_TEMPLATE_BYTES, MAX_TOKENIZER_CONFIG_BYTES } from "#shared/protocol/tokenizer-files.js";
import { withinTime } from "#shared/util/within-time.js";
import type { Render } from "./extract.js";
import { strftimeOf } from "./fixed-date.js";

/**
 * The chat template of a model: that of its `tokenizer_config.json`, or the `chat_template.jinja` beside it, which goes before.
 *
 * @throws BlockZeroError PACK_TEMPLATE; FILE_UNREADABLE, FILE_TOO_LARGE of the file beside it
 */
export const readChatFormat = (path: string): ChatFormat => {
  const fault = (what: string, cause?: unknown) =>
    new BlockZeroError("PACK_TEMPLATE", `${path}: ${what}`, "name a tokenizer_config.json that has a chat_template", {
      cause,
    });
  let config: object;
  try {
    config = z.looseObject({}).parse(JSON.parse(textOf(path, MAX_TOKENIZER_CONFIG_BYTES)));
  } catch (cause) {
    throw fault(`no tokenizer configuration: ${reasonOf(cause)}`, cause);
  }
  const format = chatFormatOf(config, templateBeside(path));
  if (format === null) throw fault("it has no chat template");
  return format;
};

/** The folder may be a stranger's: a link in it is followed inside it, and inside the Hub's cache that it is a part of. */
const templateBeside = (config: string): string | null => {
  const path = join(dirname(config), "chat_template.jinja");
  if (!existsSync(path)) return null;
  if (!isInside(realpathSync(path), linkRoots(realpathSync(dirname(config)))))
    throw new BlockZeroError(
      "PACK_TEMPLATE",
      `${path} is a link that leads out of the folder`,
      "look at where it leads; where that is the template, copy the file there",
    );
  return textOf(path, MAX_CHAT_TEMPLATE_BYTES);
};

const textOf = (path: string, maxBytes: number): string =>
  Buffer.from(readSmallFileSync(path, maxBytes)).toString("utf8");

const messageSchema = z.looseObject({ role: z.string().min(1) });
const messagesSchema = z.array(messageSchema).min(1);

/**
 * What a row may take, in figures that are the same on every machine: its messages, and the UTF-16 units of all that is read and written for it,
 * twice for each message of the assistant. A template may drop what it reads, and takes time for it all the same.
 */
export interface ChatLimits {
  readonly messages: number;
  readonly units: number;
  /** For what these do not bound, as a template is a program of whoever made the model: the work ends there. */
  readonly milliseconds: number;
}

const LIMITS: ChatLimits = { messages: 1000, units: 256 << 20, milliseconds: 120_000 };

/**
 * Writes conversations out through a template. What the template adds for a message of the assistant, after the words that ask it to write, counts;
 * all else does not. That is told apart by writing out the conversation up to each such message, with and without it. An answer that the template
 * writes otherwise once more follows, as Qwen3's does with one that has no thoughts, does not count: the model would learn to write what it never
 * writes. Where none is left, the conversation ends with its last answer, which counts alone. There is no clock, so that the same rows give the same
 * text on every day: a template that asks whether there is one takes its own date, or that which is given.
 *
 * @param date what the template takes for today, such as 2024-07-26; unset: there is none
 * @throws BlockZeroError PACK_TEMPLATE where the template is none; from what it gives, where a row takes too long
 */
export const chatRenderer = (
  { template, variables }: ChatFormat,
  limits: ChatLimits = LIMITS,
  date?: string,
): Render => {
  if (template.length > MAX_TEMPLATE_LENGTH) throw unusable("it is too long");
  // Whoever renders a template offers that name, and cannot take it away: another is put in its place, which without a date stands for nothing.
  const source = `{%- set strftime_now = strftime_of_date %}\n${withoutGenerationBlocks(template)}`;
  const compiled = compile(withBoundedRange(source));
  const clock = date === undefined ? {} : { strftime_of_date: strftimeOf(date) };
  return (found, row) => {
    const parsed = messagesSchema.safeParse(found);
    if (!parsed.success) return { problem: "no list of messages with roles" };
    const messages = parsed.data;
    if (messages.length > limits.messages) return { problem: `more than ${limits.messages} messages` };
    if (!messages.some(({ role }) => role === "assistant")) return { problem: "no message of the assistant" };
    let units = 0;
    const tools = Array.isArray(row.tools) ? { tools: row.tools } : {};
    const read = lengthsUpTo(messages, JSON.stringify(tools).length);
    const take = (more: number): void => {
      units += more;
      if (units > limits.units) throw new RangeError("it reads and writes too much");
    };
    const written = (count: number, asks: boolean): string => {
      take(read[count]!);
      const text = compiled.render({
        bos_token: "",
        eos_token: "",
        ...variables,
        ...BOUNDED,
        ...clock,
        messages: messages.slice(0, count),
        add_generation_prompt: asks,
        ...tools,
      });
      take(text.length);
      return text;
    };
    let parts: ReturnType<Render> | undefined;
    try {
      parts = withinTime(limits.milliseconds, () => countedParts(messages, written));
    } catch (thrown) {
      const reason = reasonOf(thrown).split("\n")[0]!;
      const asksForDate = date === undefined && reason.startsWith(NO_FUNCTION) && template.includes("strftime_now(");
      return { problem: `the chat template refuses it: ${asksForDate ? ASKS_FOR_DATE : reason.slice(0, 80)}` };
    }
    if (parts === undefined) throw tooSlow(messages.length, limits.milliseconds);
    return parts;
  };
};

/** JSON's lengths of the first 0, 1, 2 … values, and of what stands beside them. */
const lengthsUpTo = (values: readonly object[], beside: number): readonly number[] => {
  const sums = [beside];
  for (const value of values) sums.push(sums.at(-1)! + JSON.stringify(value).length);
  return sums;
};

const tooSlow = (messages: number, milliseconds: number): BlockZeroError =>
  new BlockZeroError(
    "PACK_TEMPLATE",
    `the chat template takes longer than ${milliseconds / 1000} s for a conversation of ${messages} messages`,
    "take another template, or leave such conversations out",
  );

/** How the template engine says that a name which stands for nothing was called. */
const NO_FUNCTION = "Cannot call something that is not a function";
const ASKS_FOR_DATE = "it asks for today's date; name one with --date";

const CHANGES = { problem: "the chat template changes what stands before a message" };
const SOME_COUNT = "answers that the chat template writes otherwise once more follows do not count";

/** Writes out the first messages of a conversation; with what asks the assistant to speak, or without. */
type Written = (count: number, asks: boolean) => string;

const countedParts = (messages: readonly { readonly role: string }[], written: Written): ReturnType<Render> => {
  const answers = [...messages.keys()].filter((i) => messages[i]!.role === "assistant");
  const last = answers.at(-1)!;
  const all = countedOf(answers, messages.length, written);
  if (all.count === answers.length) return { document: all.document };
  const found = all.count > 0 ? all : countedOf([last], last + 1, written);
  return found.count === 0 ? CHANGES : { document: found.document, remark: SOME_COUNT };
};

/** The first `length` messages; of the answers named those count that stand there as they did when they were the last message. */
const countedOf = (answers: readonly number[], length: number, written: Written) => {
  const text = written(length, false);
  const borders: number[] = [0];
  for (const i of answers) {
    const before = written(i, true);
    const after = written(i + 1, false);
    const stands = after.startsWith(before) && text.startsWith(after.trimEnd());
    if (stands && before.length >= borders.at(-1)!) borders.push(before.length, Math.min(after.length, text.length));
  }
  const parts = [...borders.slice(1), text.length].map((to, i) => Buffer.byteLength(text.slice(borders[i], to)));
  return { count: (borders.length - 1) / 2, document: { text, parts } };
};

/** Milliseconds. A template in use is read in a few; the engine takes the square of a run of white space. */
const COMPILE_MS = 2000;

const compile = (template: string): Template => {
  let compiled: Template | undefined;
  try {
    compiled = withinTime(COMPILE_MS, () => new Template(template));
  } catch (cause) {
    throw unusable(reasonOf(cause), cause);
  }
  if (compiled === undefined) throw unusable(`reading it takes longer than ${COMPILE_MS / 1000} s`);
  return compiled;
};

const unusable = (problem: string, cause?: unknown): BlockZeroError =>
  new BlockZeroError("PACK_TEMPLATE", `the chat template: ${problem}`, "check the template", { cause });
