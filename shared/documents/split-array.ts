import { jsonRow } from "./lenient-json.js";
import { brokenRow, MAX_ROW_BYTES, type Row } from "./row.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = [0x5b, 0x7b];
const CLOSE = [0x5d, 0x7d];
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/**
 * The elements of a JSON array as rows, whatever its length; of any other JSON value that value. Elements are told apart by brackets and strings
 * alone, so that no more than one is in memory. What is broken is one row; text that ends within an element too.
 */
export async function* splitArray(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Row[]> {
  let depth = 0;
  let isString = false;
  let isEscaped = false;
  let isArray: boolean | null = null;
  let hasEnded = false;
  let pending: Buffer[] = [];
  let bytes = 0;
  let isFirst = true;

  const keep = (part: Buffer): void => {
    bytes += part.length;
    if (bytes > MAX_ROW_BYTES) pending = [];
    else if (part.length > 0) pending.push(part);
  };
  const end = (): Row | null => {
    const element = Buffer.concat(pending);
    const isTooLong = bytes > MAX_ROW_BYTES;
    pending = [];
    bytes = 0;
    if (isTooLong) return brokenRow(`longer than ${MAX_ROW_BYTES} bytes`);
    return element.every(isSpace) ? null : jsonRow(element);
  };

  for await (const piece of chunks) {
    const chunk = isFirst && piece.subarray(0, 3).equals(BYTE_ORDER_MARK) ? piece.subarray(3) : piece;
    isFirst = false;
    const rows: Row[] = [];
    let from = 0;
    const endElement = (at: number): void => {
      keep(chunk.subarray(from, at));
      from = at + 1;
      const row = end();
      if (row) rows.push(row);
    };
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (isString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isString = false;
        continue;
      }
      if (isArray === null) {
        if (isSpace(byte)) continue;
        isArray = byte === OPEN[0];
        if (isArray) from = at + 1;
        depth = isArray ? 1 : 0;
        if (isArray) continue;
      }
      if (byte === QUOTE) isString = true;
      else if (OPEN.includes(byte)) depth++;
      else if (CLOSE.includes(byte)) {
        depth--;
        if (isArray && depth === 0 && !hasEnded) {
          endElement(at);
          hasEnded = true;
        }
      } else if (byte === COMMA && isArray && depth === 1) endElement(at);
    }
    keep(chunk.subarray(from));
    yield rows;
  }
  const rest = end();
  if (rest) yield [isArray && !hasEnded ? brokenRow("the array does not end") : rest];
}
