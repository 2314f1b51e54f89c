import type { Row } from "#shared/documents/row.js";
import type { PieceDocument } from "./pieces/piece.js";
import type { PackSettings } from "./settings.js";

/** A row's document, with a remark where not all counts that should; or why it has none. */
export type Extracted =
  | { readonly document: PieceDocument; readonly remark?: string | undefined }
  | { readonly problem: string };

/** Writes a conversation out, or says why it cannot. */
export type Render = (messages: unknown, row: Readonly<Record<string, unknown>>) => Extracted;

/** Half of a surrogate pair without the other: such a string has no UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** @param render of conversations; required where the settings say that there are some */
export const extractor =
  ({ field, messages }: Pick<PackSettings, "field" | "messages">, render?: Render) =>
  (row: Row): Extracted => {
    if (!row.ok) return { problem: row.problem };
    const { value } = row;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return { problem: "not an object" };
    const fields = value as Readonly<Record<string, unknown>>;
    const found = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (found === undefined) return { problem: `no field "${field}"` };
    if (found === null) return { problem: `"${field}" is null` };
    const extracted: Extracted = messages
      ? render!(found, fields)
      : typeof found === "string"
        ? { document: { text: found } }
        : { problem: `"${field}" is no text` };
    if ("problem" in extracted) return extracted;
    const { text } = extracted.document;
    if (text.trim() === "") return { problem: `"${field}" is empty` };
    return LONE_SURROGATE.test(text) ? { problem: "not well-formed Unicode" } : extracted;
  };
