import { z } from "zod";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import type { Tokenizer } from "#shared/data/tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { familyKeysOf, MODEL_TYPES, type ModelConfig, modelConfigSchema } from "#shared/protocol/model-config.js";
import type { FloatDType } from "#shared/tensor-files/float-dtype.js";
import type { ConfigFile } from "./families/family.js";
import { blocksOf, FAMILIES, familyOf } from "./families/index.js";
import { readRope, turnsInPart, writeRope } from "./families/read-rope.js";
import { INITIALIZER_RANGE } from "./init.js";
import { sizeFault } from "./model-size.js";

/** The precisions that a checkpoint's weights come in, as `config.json` calls them, with their safetensors dtype. */
export const CHECKPOINT_DTYPES = { float32: "F32", bfloat16: "BF16", float16: "F16" } as const satisfies Readonly<
  Record<string, FloatDType>
>;

export type CheckpointDType = keyof typeof CHECKPOINT_DTYPES;

type Document = Readonly<Record<string, unknown>>;

/** The tokens that begin and end a document. */
export type Separators = Pick<Tokenizer, "startOfDocument" | "endOfDocument">;

/**
 * Ids that begin and end a text, in Hugging Face's names. Where nothing begins a document, what ends one stands before the next; null where the
 * model has no such token.
 */
export const separatorIds = (
  { vocab_size }: Pick<ModelConfig, "vocab_size">,
  { startOfDocument, endOfDocument }: Separators = byteTokenizer,
): Readonly<Record<"bos_token_id" | "eos_token_id", number | null>> => {
  const known = (id: number) => (id < vocab_size ? id : null);
  return { bos_token_id: known(startOfDocument ?? endOfDocument), eos_token_id: known(endOfDocument) };
};

/** A complete `config.json` of the model's family, as Hugging Face transformers reads it. */
export const toHuggingFaceConfig = (
  config: ModelConfig,
  dtype: CheckpointDType = "float32",
  separators?: Separators,
): Document => {
  const { architecture, type, file } = familyOf(config);
  const keys = keysOf(config).filter((key) => file.fixed?.[key] === undefined);
  const values = keys.map((key) => [nameOf(file, key), config[key] ?? file.defaults?.[key]]);
  return {
    architectures: [architecture],
    model_type: type,
    // A config wants one even where no layer is dense.
    ...(file.names?.moe_intermediate_size === undefined && { intermediate_size: blocksOf(config).denseWidth }),
    ...Object.fromEntries(values.filter(([, value]) => value !== undefined)),
    ...writeRope(config.rope_theta, config.rope_scaling),
    hidden_act: HIDDEN_ACT,
    ...file.assumes,
    ...file.write?.(config),
    attention_dropout: 0,
    initializer_range: INITIALIZER_RANGE,
    ...(config.num_experts > 0 && { output_router_logits: false, router_aux_loss_coef: 0.001 }),
    ...separatorIds(config, separators),
    use_cache: true,
    torch_dtype: dtype,
  };
};

const HIDDEN_ACT = "silu";

/** The keys of a model's family; those that a rule of their own reads and writes are not among them. */
const keysOf = (config: Pick<ModelConfig, "model_type">): readonly (keyof ModelConfig)[] => {
  const own = familyKeysOf(config.model_type);
  const others = modelConfigSchema.keyof().options.filter((key) => !isOptional(key));
  return [...others, ...own].filter((key) => key !== "rope_theta" && key !== "rope_scaling");
};

const isOptional = (key: keyof ModelConfig): boolean => modelConfigSchema.shape[key].isOptional();

const nameOf = (file: ConfigFile, key: keyof ModelConfig): string => file.names?.[key]?.[0] ?? key;

const typeSchema = z.object({ model_type: z.enum(MODEL_TYPES) });

const dtypeSchema = z.enum(Object.keys(CHECKPOINT_DTYPES) as [CheckpointDType, ...CheckpointDType[]]).nullish();

/** What is the same in every family; a field left out means transformers' default, which is the same. */
const commonSchema = z
  .looseObject({
    hidden_act: z.literal(HIDDEN_ACT).optional(),
    torch_dtype: dtypeSchema,
    dtype: dtypeSchema,
    quantization_config: z.null("quantized weights are not supported").optional(),
    layer_types: z.array(z.literal("full_attention", "only full attention is supported")).nullish(),
  })
  .refine((document) => !turnsInPart(document), {
    path: ["partial_rotary_factor"],
    message: "only whole heads that turn are supported",
  });

/**
 * The part of a `config.json` that decides shapes and arithmetic. Fields that decide neither (dropout, cache, token ids) are ignored. What has
 * its family's default is left out, so that the same model is the same config whoever wrote the file.
 *
 * @param document parsed JSON, of transformers 4 or 5
 * @param what     its name in an error
 * @throws BlockZeroError CHECKPOINT_MALFORMED naming the field; MODEL_TOO_LARGE where the fields' product is beyond counting
 */
export const fromHuggingFaceConfig = (document: unknown, what: string): ModelConfig => {
  const { model_type: type } = checked(typeSchema, document, what);
  const fields = Object(document) as Document;
  const { file } = FAMILIES[type];
  checked(commonSchema, { ...fields }, what);
  const assumptions = [
    ...Object.entries(file.assumes ?? {}).map(([name, value]) => [name, oneOf([value])]),
    ...Object.entries(file.knows ?? {}).map(([name, values]) => [name, oneOf(values)]),
  ];
  checked(z.object(Object.fromEntries(assumptions)), fields, what);

  const read: Document = {
    ...file.read?.(fields),
    ...readRope(fields, file.ropeTheta ?? DEFAULT_THETA),
    ...file.fixed,
  };
  const fieldOf = (key: keyof ModelConfig): unknown => {
    if (Object.hasOwn(read, key)) return read[key];
    const names = file.names?.[key] ?? [key];
    const value = names.map((name) => fields[name]).find((found) => found !== undefined && found !== null);
    return value ?? file.defaults?.[key] ?? derived(key, fields);
  };
  const all = Object.fromEntries(
    [...keysOf({ model_type: type }), "rope_theta" as const, "rope_scaling" as const]
      .map((key) => [key, fieldOf(key)] as const)
      .filter(([key, value]) => value !== undefined && !(isOptional(key) && isDefault(value, file.defaults?.[key]))),
  );
  const named = type === "qwen3_moe" ? all : { ...all, model_type: type };
  const shapes = checked(z.object(modelConfigSchema.shape), named, what, file);
  const config = checked(modelConfigSchema, withoutUnused(shapes), what, file);
  const fault = sizeFault(config);
  if (fault === null) return config;
  throw new BlockZeroError(
    "MODEL_TOO_LARGE",
    `${what}: ${fault}`,
    "see vocab_size, hidden_size and the other widths there",
  );
};

/** The precision that a `config.json` says its weights have, which `fromHuggingFaceConfig` has read; float32 where it says none. */
export const dtypeOf = (document: unknown): FloatDType => {
  const { dtype, torch_dtype: older } = Object(document) as Document;
  const named = dtypeSchema.safeParse(dtype ?? older);
  return CHECKPOINT_DTYPES[named.data ?? "float32"];
};

const DEFAULT_THETA = 10_000;

/** What transformers derives from other fields where it is left out. */
const derived = (key: keyof ModelConfig, fields: Document): unknown => {
  if (key === "head_dim") return Number(fields.hidden_size) / Number(fields.num_attention_heads);
  if (key === "num_key_value_heads") return fields.num_attention_heads;
  if (key === "tie_word_embeddings") return false;
  return undefined;
};

/** One of these values, or left out. */
const oneOf = (values: readonly unknown[]): z.ZodType =>
  z
    .unknown()
    .optional()
    .refine(
      (found) => found === undefined || found === null || values.includes(found),
      `only ${values.map(String).join(" and ")} ${values.length > 1 ? "are" : "is"} supported`,
    );

const isDefault = (value: unknown, byDefault: unknown): boolean => JSON.stringify(value) === JSON.stringify(byDefault);

/** Without a dense width that no layer has. */
const withoutUnused = (config: ModelConfig): ModelConfig => {
  const { intermediate_size, ...others } = config;
  const { isSparse } = blocksOf(config);
  for (let layer = 0; layer < Math.min(config.num_hidden_layers, MAX_LAYERS); layer++)
    if (!isSparse(layer)) return config;
  return others;
};

/** More than any model has. */
const MAX_LAYERS = 10_000;

const checked = <T>(schema: z.ZodType<T>, document: unknown, what: string, file: ConfigFile = {}): T => {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const [key, ...rest] = issue.path;
  const path = key === undefined ? "the document" : [nameOf(file, key as keyof ModelConfig), ...rest].join(".");
  throw new BlockZeroError(
    "CHECKPOINT_MALFORMED",
    `${what}: ${path}: ${issue.message}`,
    `these families are read: ${MODEL_TYPES.join(", ")}; docs/models.md says what of each`,
    { cause: result.error },
  );
};
