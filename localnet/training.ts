/** How the localnet's genesis model is trained. */
export const PRETRAINING = { batchSize: 8, learningRate: 3e-3 };

/** How an upcycled genesis model's routers are trained: sequences a step from each group are few, since each goes through the dense model. */
export const ROUTERS = { batchSize: 2, learningRate: 1e-2 };

/** How the localnet's miners train. docs/learning.md has what other rates bring. */
export const TRAINING = {
  batch_size: 8,
  gradient_accumulation_steps: 1,
  learning_rate: 1e-3,
  warmup_steps: 5,
  max_steps: 100,
};
