import { isUtf8 } from "node:buffer";
import { brokenRow, type Row, rowOf } from "./row.js";

/** `NaN`, `Infinity` and `-Infinity`, which Python's `json` writes, or a string, which is left as it is. */
const NUMBERS = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/** Reads JSON in which numbers that JSON lacks count as null. @throws SyntaxError */
export const parseLenientJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (!text.includes("NaN") && !text.includes("Infinity")) throw thrown;
    return JSON.parse(text.replace(NUMBERS, (found) => (found.startsWith('"') ? found : "null")));
  }
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
