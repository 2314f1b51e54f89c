import { isUtf8 } from "node:buffer";
import { brokenRow, type Row, rowOf } from "./row.js";

/**
 * `NaN`, `Infinity` and `-Infinity`, which Python's `json` writes, and what says where a string begins and ends. Each character is looked at once.
 */
const NUMBERS = /\\.|"|-?\bInfinity\b|\bNaN\b/gs;

/** Reads JSON in which numbers that JSON lacks count as null. @throws SyntaxError */
export const parseLenientJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (!text.includes("NaN") && !text.includes("Infinity")) throw thrown;
    return JSON.parse(withNulls(text));
  }
};

const withNulls = (text: string): string => {
  let isInString = false;
  return text.replace(NUMBERS, (found) => {
    if (found === '"') isInString = !isInString;
    return isInString || found === '"' || found.startsWith("\\") ? found : "null";
  });
};

const BYTE_ORDER_MARK = "\ufeff";

/** The row that a line's or an element's bytes spell. */
export const jsonRow = (bytes: Buffer): Row => {
  if (!isUtf8(bytes)) return brokenRow("not UTF-8");
  const text = bytes.toString("utf8");
  try {
    return rowOf(parseLenientJson(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text));
  } catch {
    return brokenRow("not JSON");
  }
};
