import { z } from "zod";
import { reasonOf } from "#shared/errors/error.js";
import { wandbMode, wandbVariable } from "#shared/telemetry/wandb/environment.js";
import { boundedText } from "#shared/util/bounded-text.js";
import { type Check, failure, ok, warning } from "../check.js";

const SERVICE = "https://api.wandb.ai";
const MAX_ANSWER_BYTES = 64 << 10;

/** Weights & Biases knows the key. */
export const wandbCheck: Check = {
  name: "wandb",
  deadlineMs: 15_000,
  run: async ({ config, env }, signal) => {
    if (!config.wandb) return ok("off");
    const { mode, because } = wandbMode(env);
    if (mode !== "online") return ok(`nothing is sent: ${because}`);
    const key = wandbVariable(env, "WANDB_API_KEY");
    if (key === undefined)
      return failure(
        "wandb is on, but WANDB_API_KEY is not set",
        "put the key from https://wandb.ai/authorize into the environment or .env, or set wandb: false",
      );
    const service = wandbVariable(env, "WANDB_BASE_URL")?.replace(/\/+$/, "") ?? SERVICE;
    try {
      const user = await userOf(service, key, signal);
      if (user !== null) return ok(`the key is ${user}'s`);
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      return warning(
        `${service} cannot be asked: ${reasonOf(thrown)}`,
        "check the network; the program runs without it, and its metrics stay in metrics.jsonl",
      );
    }
    return failure(`${service} does not know the key`, "make a new one at https://wandb.ai/authorize");
  },
};

/** Null where the service knows no such key. */
const userOf = async (service: string, key: string, signal: AbortSignal): Promise<string | null> => {
  const response = await fetch(`${service}/graphql`, {
    method: "POST",
    redirect: "error",
    headers: {
      "content-type": "application/json",
      authorization: `Basic ${Buffer.from(`api:${key}`).toString("base64")}`,
    },
    body: JSON.stringify({ query: "query Viewer { viewer { username } }" }),
    signal,
  });
  if (response.status === 401 || response.status === 403) {
    await response.body?.cancel();
    return null;
  }
  const answer: unknown = JSON.parse(await boundedText(response, MAX_ANSWER_BYTES));
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  return nameIn(answer);
};

const answerSchema = z.object({ data: z.object({ viewer: z.object({ username: z.string().max(100) }).nullable() }) });

const nameIn = (answer: unknown): string | null => answerSchema.parse(answer).data.viewer?.username ?? null;
