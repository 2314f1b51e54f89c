import { nearest } from "#shared/util/nearest.js";

/** Every variable that begins with `BLOCKZERO_` and is read: settings first, then secrets, what a program of the operator's own is given, and what tests and benches take. */
export const ENVIRONMENT_NAMES: readonly string[] = [
  "BLOCKZERO_ALLOW_PRIVATE_ADDRESSES",
  "BLOCKZERO_BATCH_SIZE",
  "BLOCKZERO_BEHAVIOUR",
  "BLOCKZERO_CACHE_GIB",
  "BLOCKZERO_CHAIN_ENDPOINT",
  "BLOCKZERO_CHECKPOINT_DIR",
  "BLOCKZERO_CHECKPOINT_INTERVAL_SECONDS",
  "BLOCKZERO_CHECKPOINT_KEEP_TOP_K",
  "BLOCKZERO_COMMIT_ANYWAY",
  "BLOCKZERO_DATA_PATH",
  "BLOCKZERO_DATA_WEIGHT",
  "BLOCKZERO_PACK_SHARDS",
  "BLOCKZERO_DEVICE",
  "BLOCKZERO_DRAND_GENESIS_TIME",
  "BLOCKZERO_DRAND_PERIOD",
  "BLOCKZERO_DRAND_PUBLIC_KEY",
  "BLOCKZERO_DRY_RUN",
  "BLOCKZERO_EVALUATION_MEMORY_GIB",
  "BLOCKZERO_EVALUATOR_COMMAND",
  "BLOCKZERO_EVALUATOR_ENVIRONMENT",
  "BLOCKZERO_EVALUATOR_TIMEOUT_SECONDS",
  "BLOCKZERO_EXPERT_GROUP",
  "BLOCKZERO_GRADIENT_ACCUMULATION_STEPS",
  "BLOCKZERO_LEARNING_RATE",
  "BLOCKZERO_LISTEN_CONNECTIONS_PER_ADDRESS",
  "BLOCKZERO_LISTEN_HOST",
  "BLOCKZERO_LISTEN_PORT",
  "BLOCKZERO_LISTEN_PUBLIC_URL",
  "BLOCKZERO_LISTEN_REQUESTS_PER_MINUTE",
  "BLOCKZERO_LISTEN_STRANGERS",
  "BLOCKZERO_LISTEN_STRANGER_REQUESTS_PER_MINUTE",
  "BLOCKZERO_LOG_FORMAT",
  "BLOCKZERO_LOG_LEVEL",
  "BLOCKZERO_MAX_STEPS",
  "BLOCKZERO_METRICS_LISTEN",
  "BLOCKZERO_NETUID",
  "BLOCKZERO_NETWORK",
  "BLOCKZERO_SEED",
  "BLOCKZERO_SPIKE_THRESHOLD",
  "BLOCKZERO_STORE",
  "BLOCKZERO_THREADS",
  "BLOCKZERO_TRAINING_PROGRAM",
  "BLOCKZERO_TRAINER_COMMAND",
  "BLOCKZERO_TRAINER_DISK_GIB",
  "BLOCKZERO_TRAINER_ENVIRONMENT",
  "BLOCKZERO_TRAINER_GRACE_SECONDS",
  "BLOCKZERO_WALLET_HOTKEY",
  "BLOCKZERO_WALLET_KEYS_IN_USE",
  "BLOCKZERO_WALLET_NAME",
  "BLOCKZERO_WALLET_PATH",
  "BLOCKZERO_WANDB",
  "BLOCKZERO_WANDB_ENTITY",
  "BLOCKZERO_WANDB_PROJECT",
  "BLOCKZERO_WARMUP_STEPS",
  "BLOCKZERO_WEIGHT_DECAY",
  "BLOCKZERO_WORKERS",
  "BLOCKZERO_WALLET_PASSWORD",
  "BLOCKZERO_HOTKEY_PASSWORD",
  "BLOCKZERO_WALLET_MNEMONIC",
  "BLOCKZERO_JOB",
  "BLOCKZERO_BENCH_PYTHON",
  "BLOCKZERO_FAULT_RUNS",
  "BLOCKZERO_FOREIGN_NODE",
  "BLOCKZERO_SUBTENSOR_RUNTIME",
];

const PREFIX = "BLOCKZERO_";
/** Without what they have in common, which would make any two of them alike. */
const ENDINGS = ENVIRONMENT_NAMES.map((name) => name.slice(PREFIX.length));
/** Names that are told of at most. */
const MAX_TOLD = 5;

/** What to say of each variable that begins with `BLOCKZERO_` and that nothing reads: never its value. */
export const unknownNames = (names: readonly string[]): readonly string[] => {
  const unknown = names.filter((name) => name.startsWith(PREFIX) && !ENVIRONMENT_NAMES.includes(name)).sort();
  const told = unknown.slice(0, MAX_TOLD).map((name) => {
    const near = nearest(name.slice(PREFIX.length), ENDINGS);
    const meant = near === undefined ? "" : `, did you mean ${PREFIX}${near}?`;
    return `${JSON.stringify(name).slice(1, -1)} is no setting${meant}`;
  });
  return unknown.length > MAX_TOLD ? [...told, `${unknown.length - MAX_TOLD} more`] : told;
};
