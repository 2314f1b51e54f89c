import { brokenRow, MAX_ROW_BYTES, type Row } from "./row.js";

const NEWLINE = 0x0a;

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;

/**
 * The lines of a stream of bytes, without their ends; blank ones are left out. A line of more than `MAX_ROW_BYTES` comes as a broken row.
 *
 * @param read what a line's bytes are
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  read: (line: Buffer) => Row,
): AsyncGenerator<readonly Row[]> {
  let pending: Buffer[] = [];
  let bytes = 0;
  const keep = (part: Buffer): void => {
    bytes += part.length;
    if (bytes > MAX_ROW_BYTES) pending = [];
    else if (part.length > 0) pending.push(part);
  };
  const end = (): Row | null => {
    const line = pending.length === 1 ? pending[0]! : Buffer.concat(pending);
    const isTooLong = bytes > MAX_ROW_BYTES;
    pending = [];
    bytes = 0;
    if (isTooLong) return brokenRow(`longer than ${MAX_ROW_BYTES} bytes`);
    return line.every(isBlank) ? null : read(line);
  };
  for await (const chunk of chunks) {
    const rows: Row[] = [];
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, to));
      const row = end();
      if (row) rows.push(row);
      from = to + 1;
    }
    keep(chunk.subarray(from));
    yield rows;
  }
  const last = end();
  if (last) yield [last];
}
