import { z } from "zod";
import { type RopeScaling, ropeScalingSchema } from "#shared/protocol/network-file/rope-scaling.js";

type Document = Readonly<Record<string, unknown>>;

/** The rotary embedding that a `config.json` describes. */
export interface ReadRope {
  readonly rope_theta: unknown;
  /** Undefined for none. */
  readonly rope_scaling: unknown;
}

/**
 * Reads the rotary embedding as transformers 5 does: `rope_scaling`, the older name, before `rope_parameters`; the base inside of either before
 * `rope_theta` beside it, and that before the family's own. An entry of `null` is none. Fields that the type does not know are ignored.
 *
 * @param theta the family's base
 */
export const readRope = (document: Document, theta: number): ReadRope => {
  const found = nonEmpty(document.rope_scaling) ?? nonEmpty(document.rope_parameters) ?? {};
  // Per kind of layer; sliding layers are refused elsewhere.
  const parameters = nonEmpty(found.full_attention) ?? found;
  const base = parameters.rope_theta ?? document.rope_theta ?? theta;
  const type = parameters.rope_type ?? parameters.type ?? "default";
  if (type === "default") return { rope_theta: base, rope_scaling: undefined };
  const original =
    document.original_max_position_embeddings ??
    parameters.original_max_position_embeddings ??
    document.max_position_embeddings;
  const stretch = Number(document.max_position_embeddings) / Number(original);
  const all: Document = {
    ...parameters,
    rope_type: type,
    original_max_position_embeddings: original,
    factor: parameters.factor ?? (type === "yarn" ? stretch : undefined),
  };
  return { rope_theta: base, rope_scaling: { ...ofType(type, all), rope_type: type } };
};

/** The fields that the type knows, and that are not null. */
const ofType = (type: unknown, parameters: Document): Document => {
  const option = ropeScalingSchema.options.find(({ shape }) => shape.rope_type.value === type);
  const keys = option === undefined ? [] : Object.keys(option.shape);
  return Object.fromEntries(Object.entries(parameters).filter(([key, value]) => keys.includes(key) && value != null));
};

/** Whether a `config.json` turns only a part of each head, which no family here does. */
export const turnsInPart = (document: Document): boolean =>
  [document, nonEmpty(document.rope_scaling), nonEmpty(document.rope_parameters)].some(
    (fields) => fields !== undefined && (fields.partial_rotary_factor ?? 1) !== 1,
  );

const nonEmpty = (value: unknown): Document | undefined => {
  const parsed = z.record(z.string(), z.unknown()).safeParse(value);
  return parsed.success && Object.keys(parsed.data).length > 0 ? parsed.data : undefined;
};

/** `rope_theta` and `rope_scaling` as transformers 4 and 5 both read them. */
export const writeRope = (rope_theta: number, scaling: RopeScaling | undefined): Document => ({
  rope_theta,
  rope_scaling: scaling ?? null,
});
