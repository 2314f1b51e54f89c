/** How the localnet's genesis model is trained. */
export const PRETRAINING = { batchSize: 8, learningRate: 3e-3 };

/** How an upcycled genesis model's routers are trained: sequences a step from each group are few, since each goes through the dense model. */
export const ROUTERS = { batchSize: 2, learningRate: 1e-2 };

/** How the localnet's miners train. A young model and short cycles need a higher rate than a real run's 3e-5. */
export const TRAINING = {
  batch_size: 8,
  gradient_accumulation_steps: 1,
  learning_rate: 2.5e-4,
  warmup_steps: 5,
  max_steps: 100,
};
