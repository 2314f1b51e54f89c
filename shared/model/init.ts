import { normal } from "#shared/data/normal.js";
import type { Random } from "#shared/data/random.js";
import { sizeOf } from "#shared/engine/tensor.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { type Parameters, parameterShapes } from "./parameters.js";

/** Standard deviation of a fresh weight; transformers' `initializer_range`. */
export const INITIALIZER_RANGE = 0.02;

/** Fresh weights of the whole model: norms are one, biases zero, everything else normal(0, 0.02). */
export const initialParameters = (config: ModelConfig, random: Random): Parameters =>
  Object.fromEntries(
    Object.entries(parameterShapes(config)).map(([name, shape]) => {
      const data = new Float32Array(sizeOf(shape));
      if (shape.length === 1) data.fill(name.endsWith(".bias") ? 0 : 1);
      else for (let i = 0; i < data.length; i++) data[i] = INITIALIZER_RANGE * normal(random);
      return [name, { dtype: "float32", shape, data }];
    }),
  );
