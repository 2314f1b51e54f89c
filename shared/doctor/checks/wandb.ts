import { hasCode, reasonOf } from "#shared/errors/error.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import { wandbApi } from "#shared/telemetry/wandb/api.js";
import { wandbMode } from "#shared/telemetry/wandb/environment.js";
import { serviceFrom } from "#shared/telemetry/wandb/metrics-sink.js";
import { type Check, type Finding, failure, ok, warning } from "../check.js";

/** Weights & Biases knows the key. */
export const wandbCheck: Check = {
  name: "wandb",
  deadlineMs: 15_000,
  run: async ({ config, env }, signal) => {
    if (!config.wandb) return ok("off");
    const { mode, because } = wandbMode(env);
    if (mode !== "online") return ok(`nothing is sent: ${because}`);
    try {
      return await examined(serviceFrom(env), signal);
    } catch (thrown) {
      if (!hasCode(thrown, "WANDB_API_KEY_MISSING")) throw thrown;
      return failure(thrown.message, thrown.hint);
    }
  },
};

const examined = async (service: ReturnType<typeof serviceFrom>, signal: AbortSignal): Promise<Finding> => {
  const { baseUrl } = service;
  try {
    const owner = await wandbApi(service).owner(signal);
    if (owner !== null) return ok(`the key is ${asciiLine(owner)}'s`);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return warning(
      `${baseUrl} cannot be asked: ${reasonOf(thrown)}`,
      "check the network; the program runs without it, and its metrics stay in metrics.jsonl",
    );
  }
  return failure(`${baseUrl} does not know the key`, "make a new one at https://wandb.ai/authorize");
};
