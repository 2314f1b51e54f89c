import type { ForwardShape } from "#shared/model/forward.js";
import type { FrozenSource } from "../frozen-source.js";

/** How a step runs a model's layers one after another. */
export interface Layered {
  readonly shape: ForwardShape;
  /** Weights that are not trained, beside those of `params`; read whenever a layer needs them. */
  readonly frozen?: FrozenSource | undefined;
}
