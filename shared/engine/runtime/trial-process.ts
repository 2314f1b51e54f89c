import { reasonOf } from "#shared/errors/error.js";
import { firstDifference, timesAsFast } from "../self-check.js";
import { deviceOf } from "./device-kinds.js";
import type { TrialAnswer, TrialRequest } from "./trial.js";

const trial = async ({ kind, threads, measure }: TrialRequest): Promise<TrialAnswer> => {
  try {
    const device = await deviceOf[kind]({ threads });
    const cpu = await deviceOf.cpu({ threads });
    const difference = await firstDifference(device, cpu);
    if (!difference) return { outcome: "agrees", speed: measure ? await timesAsFast(device, cpu) : undefined };
    return { outcome: "disagrees", tensor: difference.tensor, relative: difference.relative.toPrecision(2) };
  } catch (thrown) {
    return { outcome: "fails", reason: reasonOf(thrown) };
  }
};

// The parent process may have ended.
process.once("disconnect", () => process.exit());
const request: TrialRequest = JSON.parse(process.argv[2] ?? "");
process.send?.(await trial(request));
