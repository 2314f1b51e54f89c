const NEWLINE = 0x0a;

/** Control characters, which could move a terminal's cursor. */
const CONTROL = /\p{Cc}/gu;

/** Splits what a program writes into lines of bounded length. */
export interface BoundedLines {
  push(chunk: Uint8Array): void;
  /** The program writes no more: what is left is a line. */
  end(): void;
}

/**
 * @param maxBytes bytes of a line that are kept; the rest of it is dropped
 * @param onLine   a line without its end and without control characters, and whether something of it was dropped
 */
export const boundedLines = (maxBytes: number, onLine: (line: string, isCut: boolean) => void): BoundedLines => {
  const kept = Buffer.alloc(maxBytes);
  let length = 0;
  let isCut = false;
  const keep = (part: Uint8Array): void => {
    const room = part.subarray(0, maxBytes - length);
    kept.set(room, length);
    length += room.length;
    if (room.length < part.length) isCut = true;
  };
  const finish = (): void => {
    const text = kept.toString("utf8", 0, length).replace(CONTROL, " ").trim();
    const wasCut = isCut;
    length = 0;
    isCut = false;
    if (text !== "") onLine(text, wasCut);
  };
  return {
    push(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        keep(chunk.subarray(from, at));
        finish();
        from = at + 1;
      }
      keep(chunk.subarray(from));
    },
    end: finish,
  };
};
