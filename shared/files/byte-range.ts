/** Bytes from `start` up to and not including `end`, counted from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The range that a `Range` header requests of a body of `size` bytes (RFC 9110, section 14). `null` if the whole body must be sent, because
 * there is no header, it is not understood, or it requests several ranges. `"unsatisfiable"` if no byte of the range exists.
 */
export const requestedRange = (header: string | undefined, size: number): ByteRange | null | "unsatisfiable" => {
  const match = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(header ?? "");
  if (match === null) return null;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return null;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return null;
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
};

/** The `Content-Range` header of a part. */
export const contentRange = ({ start, end }: ByteRange, size: number): string => `bytes ${start}-${end - 1}/${size}`;

/** The first byte of the part that a `Content-Range` header describes. Null if it describes none. */
export const contentRangeStart = (header: string | undefined): number | null => {
  const match = /^bytes ([0-9]{1,15})-[0-9]{1,15}\/(?:[0-9]{1,15}|\*)$/.exec(header ?? "");
  return match === null ? null : Number(match[1]);
};
