import { reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import { START_CHECKS } from "./checks/index.js";
import { examine } from "./examine.js";
import type { Examined } from "./examined.js";

/** Says what a program that has joined may stumble over later. Ends nothing: a finding is a warning of the log. */
export const warnAtStart = async (about: Examined, log: Log): Promise<void> => {
  try {
    for await (const { check, verdict, says, remedy } of examine(START_CHECKS, about))
      if (verdict !== "ok") log.warn(`check of ${check}`, { code: "START_CHECK", found: says, hint: remedy });
  } catch (thrown) {
    log.warn("checks were left out", { code: "INTERNAL", reason: reasonOf(thrown) });
  }
};
