import type { StepCase } from "#bench/step/cases.js";
import { allExperts, parameterShapes } from "#shared/model/parameters.js";
import { PRESETS } from "#shared/model/presets.js";

const config = { ...PRESETS.tiny, hidden_size: 32, num_attention_heads: 2, num_key_value_heads: 1, head_dim: 16 };

/** A case of the step bench whose steps take milliseconds. */
export const tinyCase: StepCase = {
  name: "tiny",
  what: "a step of a test",
  config,
  held: allExperts(config),
  batchSize: 2,
  sequenceLength: 8,
  trainable: Object.keys(parameterShapes(config)),
  targets: {},
};
