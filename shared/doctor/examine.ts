import { reasonOf } from "#shared/errors/error.js";
import { expectedFault } from "#shared/errors/file-fault.js";
import { redactUrls } from "#shared/telemetry/redact.js";
import { withDeadline } from "#shared/util/deadline.js";
import { type Check, type Finding, failure, type Need, type Verdict, warning } from "./check.js";
import type { Examined } from "./examined.js";

/** What one check came to. */
export interface Outcome extends Finding {
  readonly check: string;
  readonly milliseconds: number;
  /** Whether it did not end in its time. Then something of it may still be under way. */
  readonly overdue: boolean;
}

const WITHOUT: Readonly<Record<Need, string>> = {
  chain: "not looked at: the chain cannot be reached",
  network: "not looked at: there is no network file",
};

/**
 * Runs the checks one after the other. A check that does not end in its time is a failure; the next one begins without it.
 *
 * @param now milliseconds from any start
 */
export async function* examine(
  checks: readonly Check[],
  about: Examined,
  now: () => number = performance.now.bind(performance),
): AsyncGenerator<Outcome> {
  for (const check of checks) {
    const started = now();
    const { finding, overdue } = await findingOf(check, about);
    yield {
      check: check.name,
      verdict: finding.verdict,
      // Endpoints and stores of the configuration stand in faults.
      says: redactUrls(finding.says),
      ...(finding.remedy !== undefined && { remedy: redactUrls(finding.remedy) }),
      milliseconds: Math.round(now() - started),
      overdue,
    };
  }
}

const findingOf = async (check: Check, about: Examined): Promise<{ finding: Finding; overdue: boolean }> => {
  const late = new Error(`no answer within ${check.deadlineMs / 1000} s`);
  try {
    const finding = await withDeadline(
      check.deadlineMs,
      () => late,
      async (signal) => {
        const missing = await missingNeed(check, about);
        if (missing !== undefined) return warning(WITHOUT[missing], "see the failure that names it");
        return check.run(about, signal);
      },
    );
    return { finding, overdue: false };
  } catch (thrown) {
    if (thrown === late) return { finding: failure(late.message, "look at what it waits for"), overdue: true };
    const expected = expectedFault(thrown);
    if (expected === null) throw thrown;
    const hint = expected === thrown ? expected.hint : `${expected.hint}; call it as the program's user`;
    return { finding: failure(`${expected.code} ${reasonOf(expected)}`, hint), overdue: false };
  }
};

const missingNeed = async ({ needs }: Check, about: Examined): Promise<Need | undefined> => {
  if (needs === undefined) return undefined;
  const isThere = (work: Promise<unknown>) =>
    work.then(
      () => true,
      (thrown: unknown) => {
        if (expectedFault(thrown) !== null) return false;
        throw thrown;
      },
    );
  if (!(await isThere(about.chain()))) return "chain";
  return needs === "network" && !(await isThere(about.network())) ? "network" : undefined;
};

/** The worst of some verdicts. */
export const worstOf = (verdicts: Iterable<Verdict>): Verdict => {
  const all = new Set(verdicts);
  return all.has("failure") ? "failure" : all.has("warning") ? "warning" : "ok";
};
