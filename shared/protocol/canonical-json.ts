import type { z } from "zod";
import { canonicalBytes } from "./hash-json.js";
import { documentExcess } from "./json-excess.js";
import { accepted, type Parsed, refused } from "./parsed.js";

/**
 * Parses a document that must be the RFC 8785 form of a value that `schema` accepts, so that one document has one hash. Never throws,
 * whatever the bytes.
 */
export const parseCanonical = <T>(bytes: Uint8Array, schema: z.ZodType<T>, maxBytes: number): Parsed<T> => {
  if (bytes.length > maxBytes) return refused(`${bytes.length} bytes, at most ${maxBytes} are allowed`);
  const excess = documentExcess(bytes);
  if (excess !== null) return refused(excess);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return refused("not JSON in UTF-8");
  }
  if (isTooWide(json)) return refused(`an object of more than ${MAX_KEYS} keys`);
  const result = schema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0];
    return refused(
      issue === undefined ? "not as the schema says" : `${issue.path.join(".") || "document"}: ${issue.message}`,
    );
  }
  try {
    if (Buffer.compare(canonicalBytes(result.data), bytes) !== 0) return refused("not canonical JSON (RFC 8785)");
  } catch {
    return refused("has no canonical JSON form (a string is not well-formed Unicode)");
  }
  return accepted(result.data);
};

/** Greatest number of keys in one object, far more than any document needs. The schema would store one fault per unknown key. */
const MAX_KEYS = 4096;

const isTooWide = (json: unknown): boolean => {
  const open = [json];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== "object" || value === null) continue;
    const members = Object.values(value);
    if (!Array.isArray(value) && members.length > MAX_KEYS) return true;
    for (const member of members) if (typeof member === "object") open.push(member);
  }
  return false;
};
