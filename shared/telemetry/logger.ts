import { pino } from "pino";
import { escapeObeyed } from "#shared/util/escape-obeyed.js";
import type { Log } from "./log.js";
import { prettyLine } from "./pretty.js";
import { redactFields, redactText } from "./redact.js";

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export const logFormats = ["pretty", "json"] as const;

export type LogLevel = (typeof logLevels)[number];
export type LogFormat = (typeof logFormats)[number];

/** Where lines go; `process.stderr` is one. */
export interface LogDestination {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

export interface LoggerOptions {
  /** Who speaks, for example `miner`. */
  readonly name: string;
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Standard error by default, so that standard output stays for results. */
  readonly destination?: LogDestination;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * A `Log` on pino. `json` writes pino's lines, with what a terminal would obey escaped; `pretty` writes one compact line each, coloured only on a
 * terminal and where NO_COLOR is not set. Lines are written at once, so none is lost when the process ends;
 * what the destination does not take is lost, and nothing else.
 */
export const createLogger = (options: LoggerOptions): Log => {
  const { name, level, format, destination = process.stderr, env = process.env, now = Date.now } = options;
  const colour = destination.isTTY === true && (env.NO_COLOR ?? "") === "";
  const stream = {
    write(line: string): void {
      try {
        const text = line.trimEnd();
        destination.write(`${format === "json" ? escapeObeyed(text) : prettyLine(text, colour)}\n`);
      } catch {
        // A line is lost; what it told of goes on.
      }
    },
  };
  const logger = pino({ name, level, base: { name }, timestamp: () => `,"time":${now()}` }, stream);

  const at =
    (method: "debug" | "info" | "warn" | "error") =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      if (logger.isLevelEnabled(method)) logger[method](harmless(redactFields(fields)), redactText(message));
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
};

/** Fields named like one of pino's own would write that key twice. */
const harmless = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [RESERVED.has(key) ? `${key}_` : key, value]));

const RESERVED = new Set(["level", "time", "name", "msg"]);
