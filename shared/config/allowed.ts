import { z } from "zod";
import type { Setting } from "./settings.js";

const jsonType = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
});

type JsonType = z.infer<typeof jsonType>;

const typeOf = ({ schema }: Setting): JsonType =>
  jsonType.parse(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));

/** What a setting takes, in words: `an integer ≥ 1`, `one of honest, copier`, `true or false`. */
export const allowedValues = (setting: Setting): string => setting.allowed ?? inWords(typeOf(setting));

const inWords = (type: JsonType): string => {
  if (type.enum !== undefined) return `one of ${type.enum.join(", ")}`;
  if (type.type === "integer") return ["an integer", ...boundsOf(type)].join(" ");
  if (type.type === "number") return ["a number", ...boundsOf(type)].join(" ");
  if (type.type === "boolean") return "true or false";
  return type.type === "string" ? "text" : "a value";
};

const boundsOf = (type: JsonType): string[] => {
  const bounds = [
    type.minimum !== undefined && type.minimum > Number.MIN_SAFE_INTEGER ? `≥ ${type.minimum}` : undefined,
    type.exclusiveMinimum !== undefined ? `> ${type.exclusiveMinimum}` : undefined,
    type.maximum !== undefined && type.maximum < Number.MAX_SAFE_INTEGER ? `≤ ${type.maximum}` : undefined,
    type.exclusiveMaximum !== undefined ? `< ${type.exclusiveMaximum}` : undefined,
  ].filter((bound) => bound !== undefined);
  return bounds.length > 0 ? [bounds.join(" and ")] : [];
};

/** Whether a flag may stand without a value. */
export const isBoolean = (setting: Setting): boolean => typeOf(setting).type === "boolean";

/**
 * The value that a text of the environment or of a flag stands for. What does not read as the setting's type stays text
 * and fails the schema.
 */
export const fromText = (text: string, setting: Setting): unknown => {
  const { type } = typeOf(setting);
  if (type === "boolean") return BOOLEANS.get(text.toLowerCase()) ?? text;
  if ((type === "integer" || type === "number") && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text))
    return Number(text);
  return text;
};

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["yes", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["0", false],
]);
