/** The matrices of a gated feed-forward network: down(silu(gate x) · up x). */
export type Projection = "gate" | "up" | "down";

/** How a family's files call the tensors that families call differently. All other names are as in `parameterShapes`. */
export interface TensorLayout {
  /** A layer's mixture; `mlp` here. */
  readonly mixture: string;
  /** Its router; `gate.weight` here. */
  readonly router: string;
  /** The expert that every token takes; `shared_expert` here. */
  readonly shared: string;
  /**
   * Experts one by one, with the names of their matrices, or those of a layer in two tensors: [experts, 2 · f, d], gate over up, and
   * [experts, d, f].
   */
  readonly experts:
    | { readonly kind: "separate"; readonly names: Readonly<Record<Projection, string>> }
    | { readonly kind: "fused"; readonly gateUp: string; readonly down: string };
}

const HERE: Omit<TensorLayout, "experts"> = { mixture: "mlp", router: "gate.weight", shared: "shared_expert" };

const NAMES = { gate: "gate_proj", up: "up_proj", down: "down_proj" } as const;

/** Each expert by itself, with the names that are used here. */
export const SEPARATE: TensorLayout = { ...HERE, experts: { kind: "separate", names: NAMES } };

/** A layer's experts together, as transformers 5 holds them in memory. */
export const FUSED: TensorLayout = {
  ...HERE,
  experts: { kind: "fused", gateUp: "experts.gate_up_proj", down: "experts.down_proj" },
};
