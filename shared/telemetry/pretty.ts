import { z } from "zod";
import { escapeObeyed } from "#shared/util/escape-obeyed.js";

const record = z.looseObject({
  level: z.number(),
  time: z.number(),
  name: z.string(),
  msg: z.string().default(""),
});

interface Mark {
  readonly sign: string;
  readonly colour: number;
}

/** pino's levels, highest first. */
const marks: readonly (readonly [number, Mark])[] = [
  [50, { sign: "✖", colour: 31 }],
  [40, { sign: "▲", colour: 33 }],
  [30, { sign: "•", colour: 36 }],
  [0, { sign: "·", colour: 90 }],
];

/**
 * A line of pino's JSON as a person reads it: `12:34:56 • miner  message  key=value`, local time.
 * Control characters never reach the terminal; a line that is no such JSON passes with them escaped.
 */
export const prettyLine = (line: string, colour: boolean): string => {
  const parsed = parseRecord(line);
  if (parsed === undefined) return escapeObeyed(line.trimEnd());
  const { level, time, name, msg, ...fields } = parsed;
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const mark = (marks.find(([from]) => level >= from) ?? [0, { sign: "·", colour: 90 }])[1];
  const pairs = Object.entries(fields).map(
    ([key, value]) => `${paint(90, `${escapeObeyed(key)}=`)}${valueText(value)}`,
  );
  const head = `${paint(90, clock(time))} ${paint(mark.colour, mark.sign)} ${paint(90, escapeObeyed(name))}`;
  return [head, escapeObeyed(msg), ...(pairs.length > 0 ? [pairs.join(" ")] : [])].join("  ");
};

const parseRecord = (line: string): z.infer<typeof record> | undefined => {
  try {
    return record.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
};

const clock = (milliseconds: number): string => {
  const time = new Date(milliseconds);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
};

const valueText = (value: unknown): string => {
  if (typeof value === "number") return numberText(value);
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined");
  return escapeObeyed(typeof value === "string" && /[\s"=]|^$/.test(text) ? JSON.stringify(text) : text);
};

/** Six significant digits where a number has more: a log is read, not computed with. */
const numberText = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
