import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { Projection, TensorLayout } from "./families/tensor-layout.js";
import { expertOf, parameterShapes, routerLayerOf } from "./parameters.js";

/** A tensor of a file: some of the model's, one after the other. */
export interface StoredParameters {
  readonly shape: readonly number[];
  /** Their names in `parameterShapes`. */
  readonly holds: readonly string[];
}

/** The tensors that a file of the layout has, in the model's order. */
export const storedParameters = (config: ModelConfig, layout: TensorLayout): ReadonlyMap<string, StoredParameters> => {
  const stored = new Map<string, { shape: readonly number[]; holds: string[] }>();
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    const place = placeOf(name, layout);
    const there = stored.get(place.name);
    if (there) there.holds.push(name);
    else stored.set(place.name, { shape: place.fused ? fusedShape(place.fused, shape, config) : shape, holds: [name] });
  }
  return stored;
};

interface Place {
  readonly name: string;
  /** Where experts are together: which of their two tensors it is. */
  readonly fused?: "gateUp" | "down";
}

const EXPERT = /^(model\.layers\.\d+)\.mlp\.experts\.\d+\.(gate|up|down)_proj\.weight$/;
const SHARED = /^(model\.layers\.\d+\.mlp)\.shared_expert\./;

const placeOf = (name: string, { mixture, router, shared, experts }: TensorLayout): Place => {
  const layer = routerLayerOf(name);
  if (layer !== null) return { name: `model.layers.${layer}.${mixture}.${router}` };
  const owner = expertOf(name);
  const [, prefix, projection] = EXPERT.exec(name) ?? [];
  if (owner === null || prefix === undefined) return { name: name.replace(SHARED, `$1.${shared}.`) };
  if (experts.kind === "separate")
    return { name: `${prefix}.${mixture}.experts.${owner.expert}.${experts.names[projection as Projection]}.weight` };
  const fused = projection === "down" ? "down" : "gateUp";
  return { name: `${prefix}.${mixture}.${experts[fused]}`, fused };
};

const fusedShape = (fused: "gateUp" | "down", [out, width]: readonly number[], { num_experts }: ModelConfig) => [
  num_experts,
  (fused === "gateUp" ? 2 : 1) * out!,
  width!,
];
