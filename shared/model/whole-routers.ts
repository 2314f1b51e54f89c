import type { ForwardShape } from "./forward.js";
import { routerRows } from "./groups.js";
import { type Parameters, parameterShapes, routerLayerOf } from "./parameters.js";

type Shape = Pick<ForwardShape, "config" | "held" | "heldAffinity">;

const WHOLE_ROUTER = /^model\.layers\.(\d+)\.mlp\.whole_gate\.weight$/;

/** Of a layer's router with the rows of all experts, those of the held ones first, beside that with the rows of these alone. */
export const wholeRouterName = (layer: number): string => `model.layers.${layer}.mlp.whole_gate.weight`;

/** The layer whose whole router the tensor is, or null. */
export const wholeRouterLayerOf = (name: string): number | null => {
  const match = WHOLE_ROUTER.exec(name);
  return match ? Number(match[1]) : null;
};

/** A router's rows as a program is given them. */
export const wholeRouter = (router: Parameters[string], held: readonly number[]): Parameters[string] => {
  const others = Array.from({ length: router.shape[0] as number }, (_, id) => id).filter((id) => !held.includes(id));
  return routerRows(router, [...held, ...others]);
};

/** Whether a layer's tokens are kept with the held experts: it needs the whole router. */
export const keepsTokens = ({ config, heldAffinity = 0 }: Omit<Shape, "held">, held: readonly number[]): boolean =>
  heldAffinity > 0 && held.length > 0 && held.length < config.num_experts;

/** Names and shapes of the weights that a program of this shape is given: the held parameters, and whole routers where tokens are kept. */
export const programShapes = (shape: Shape): Record<string, readonly number[]> => {
  const { config, held } = shape;
  const shapes = parameterShapes(config, held);
  for (const [layer, experts] of held.entries())
    if (keepsTokens(shape, experts)) shapes[wholeRouterName(layer)] = [config.num_experts, config.hidden_size];
  return shapes;
};

/** The whole routers of a hub that a program of this shape is given. */
export const wholeRouters = (shape: Shape, hub: Parameters): Parameters =>
  Object.fromEntries(
    Object.entries(hub).flatMap(([name, tensor]) => {
      const layer = routerLayerOf(name);
      if (layer === null || !keepsTokens(shape, shape.held[layer]!)) return [];
      return [[wholeRouterName(layer), wholeRouter(tensor, shape.held[layer]!)]];
    }),
  );
