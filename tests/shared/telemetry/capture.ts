import type { Log } from "#shared/telemetry/log.js";

/** A log that keeps what it is told. */
export const capturingLog = () => {
  const lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}): void =>
      void lines.push({ level, message, fields });
  const log: Log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { log, lines };
};

/** A destination of text, a terminal or not. */
export const capturingOutput = (isTTY: boolean, columns = 80) => {
  const written: string[] = [];
  return { isTTY, columns, write: (text: string) => written.push(text), text: () => written.join("") };
};
