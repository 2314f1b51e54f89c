import { z } from "zod";
import { CODECS, encodedLength } from "../artifact/codec/index.js";
import { countParameters, parameterShapes } from "../model/parameters.js";
import { PRESETS } from "../model/presets.js";
import { CODEC_NAMES } from "../protocol/codec-name.js";
import { MAX_NETWORK_BYTES, networkSchema } from "../protocol/network.js";

/** The part of JSON Schema that zod writes for a network file, and what `about` adds. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
  readonly unit?: string;
  readonly takes?: string;
}

type Row = readonly [key: string, takes: string, byDefault: string, unit: string, meaning: string];

const HEAD: Row = ["Key", "Takes", "Default", "Unit", "Meaning"];

/** Markdown: every key of a network file by its section; kinds of sources, sizes of models and codecs follow. */
export const networkReference = (sourceKinds: readonly string[]): string => {
  const root = z.toJSONSchema(networkSchema, { io: "input" }) as Schema;
  const fields = Object.entries(root.properties ?? {});
  const isSection = ([, schema]: readonly [string, Schema]): boolean => schema.type === "object" || !!schema.oneOf;
  const plain = fields.filter((field) => !isSection(field));
  return [
    tableOf(plain.flatMap(([key, schema]) => rowsOf(key, schema, isRequired(root, key)))),
    ...fields
      .filter(isSection)
      .map(([key, schema]) =>
        [
          `## ${key}`,
          `${schema.description ?? ""}${isRequired(root, key) ? "" : " It may be left out."}`,
          tableOf(inner(key, schema)),
        ].join("\n\n"),
      ),
    `## Kinds of sources\n\n${sources(sourceKinds)}`,
    `## Model presets\n\n${presets()}`,
    `## Codecs\n\n${codecs()}`,
    `A network file has at most ${MAX_NETWORK_BYTES / 2 ** 20} MiB.`,
  ].join("\n\n");
};

const isRequired = ({ required = [] }: Schema, key: string): boolean => required.includes(key);

/** The rows of what a key holds. */
const inner = (key: string, schema: Schema): readonly Row[] => {
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants) return variantRows(key, variants);
  if (schema.items) return inner(`${key}[]`, schema.items);
  if (schema.properties)
    return Object.entries(schema.properties).flatMap(([name, child]) =>
      rowsOf(`${key}.${name}`, child, isRequired(schema, name)),
    );
  return schema.additionalProperties ? inner(`${key}.<name>`, schema.additionalProperties) : [];
};

/** A key's own row, and those of what it holds. */
const rowsOf = (key: string, schema: Schema, required: boolean): readonly Row[] => [
  [`\`${key}\``, takesOf(schema), defaultOf(schema, required), schema.unit ?? "", schema.description ?? ""],
  ...inner(key, schema),
];

/** Objects of which a file has one: each field says with which choice it goes. */
const variantRows = (key: string, variants: readonly Schema[]): readonly Row[] => {
  const choice = Object.keys(variants[0]?.properties ?? {}).find((name) =>
    variants.every(({ properties }) => properties?.[name]?.const !== undefined),
  );
  const chosen = variants.map(({ properties }) => choice && String(properties?.[choice]?.const));
  const fields = variants.flatMap((variant, i) =>
    Object.entries(variant.properties ?? {})
      .filter(([name]) => name !== choice)
      .flatMap(([name, schema]) => rowsOf(`${key}.${name}`, schema, isRequired(variant, name)))
      .map(
        ([path, takes, byDefault, unit, meaning]): Row => [
          path,
          takes,
          byDefault,
          unit,
          choice ? `With \`${chosen[i]}\`: ${meaning}` : meaning,
        ],
      ),
  );
  if (!choice) return fields;
  return [[`\`${key}.${choice}\``, `one of ${chosen.join(", ")}`, "required", "", "Which one."], ...fields];
};

const takesOf = (schema: Schema): string => {
  if (schema.takes !== undefined) return schema.takes;
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum) return `one of ${schema.enum.join(", ")}`;
  if (schema.type === "integer" || schema.type === "number")
    return `${schema.type === "integer" ? "an integer" : "a number"}${boundsOf(schema)}`;
  if (schema.type === "array") {
    const { items, minItems = 0, maxItems } = schema;
    const many = maxItems === undefined ? `${minItems} or more` : `${minItems} to ${maxItems}`;
    return items?.properties ? `a list of ${many}` : `a list of ${many}, each ${items ? takesOf(items) : "anything"}`;
  }
  if (schema.type === "boolean") return "true or false";
  if (schema.type === "string") return "text";
  if (schema.additionalProperties) return `a mapping to ${takesOf(schema.additionalProperties)}`;
  return "a mapping";
};

const boundsOf = ({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string => {
  const isTold = (bound: number | undefined): boolean =>
    bound !== undefined && Math.abs(bound) !== Number.MAX_SAFE_INTEGER;
  const bounds = [
    isTold(minimum) ? `≥ ${minimum}` : "",
    isTold(exclusiveMinimum) ? `> ${exclusiveMinimum}` : "",
    isTold(maximum) ? `≤ ${maximum}` : "",
    isTold(exclusiveMaximum) ? `< ${exclusiveMaximum}` : "",
  ].filter((bound) => bound !== "");
  return bounds.length === 0 ? "" : ` ${bounds.join(" and ")}`;
};

const defaultOf = (schema: Schema, required: boolean): string => {
  if (required) return "required";
  if (schema.default === undefined) return "unset";
  return `\`${JSON.stringify(schema.default).replaceAll('"', "")}\``;
};

const sources = (kinds: readonly string[]): string =>
  [
    "`pack` is a corpus as tokens, made with `blockzero data pack` ([data.md](data.md)): `path` is its folder in a template, `sha256` and `bytes` are those of its manifest in a network file. A pack has its own held-out part.",
    '`jsonl` is a file of your own with one `{"text": …}` a line, named by `path` in a template and by `sha256` and `bytes` in a network file.',
    `These come with the toolkit and take no path: ${kinds
      .filter((kind) => kind !== "jsonl" && kind !== "pack")
      .map((kind) => `\`${kind}\``)
      .join(", ")}.`,
  ].join("\n");

const presets = (): string =>
  [
    "In a template `model` may be a preset's name, `from-checkpoint` (the model that `blockzero genesis --from` imports), or the shape spelled out. `{ preset: NAME, shard: { mode: full } }` adds keys to one of the names. `data.tokenizer` may be `from-checkpoint` too: the checkpoint's own `tokenizer.json`, and what of `tokenizer_config.json`, `chat_template.jinja` and `generation_config.json` it has. A group's `experts` may be one list of ids, for every layer that has experts.",
    "",
    "| Preset | Parameters | Layers | Width | Experts, of which a token takes | Longest sequence |",
    "| --- | --- | --- | --- | --- | --- |",
    ...Object.entries(PRESETS).map(
      ([name, model]) =>
        `| \`${name}\` | ${millions(countParameters(parameterShapes(model)))} | ${model.num_hidden_layers} | ${model.hidden_size} | ${model.num_experts}, ${model.num_experts_per_tok} | ${model.max_position_embeddings} |`,
    ),
  ].join("\n");

/** Large enough that headers do not count. */
const SIDE = 4096;

const codecs = (): string =>
  [
    "| Codec | Bits for each parameter |",
    "| --- | --- |",
    ...CODEC_NAMES.map((name) => {
      const bytes = encodedLength(CODECS[name], new Map([["weight", [SIDE, SIDE]]]));
      return `| \`${name}\` | ${((bytes * 8) / SIDE ** 2).toFixed(2)} |`;
    }),
  ].join("\n");

const millions = (count: number): string => `${(count / 1e6).toFixed(1)} M`;

const tableOf = (rows: readonly Row[]): string =>
  [HEAD, HEAD.map(() => "---"), ...rows].map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n");

const cell = (text: string): string => text.replaceAll("|", "\\|");
