import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { fetchChecks, readCommittedChecks } from "#shared/compute/committed-checks.js";
import { reasonOf } from "#shared/errors/error.js";
import { waitForFiles } from "#shared/participant/waiting.js";
import { type CheckEntry, explainCheck } from "#shared/protocol/checks.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import type { Sprinter } from "./context.js";

/** Logs what the validators said of the miner's proof, once the train phase after its Sprint is over. A fault of it is only logged. */
export const logVerdicts = async (
  { participant, journal }: Pick<Sprinter, "participant" | "journal">,
  cycle: number,
): Promise<void> => {
  const { clock, network, signer, signal, log } = participant;
  const proof = journal.value.cycles[cycle]?.sprint?.proof;
  if (proof === undefined) return;
  try {
    await clock.reach(lastBlockFor("checks", cycle, participant), signal);
    const committed = await readCommittedChecks(participant, cycle);
    const deadline = phaseWindow(cycle + 1, "evaluate", network.phases).start;
    const entries = await waitForFiles(participant, { deadline, isHeld: true }, ({ source }) =>
      Promise.all(
        committed.map(async (one): Promise<CheckEntry[]> => {
          const checks = await fetchChecks(source, cycle, one).catch((thrown: unknown) => {
            if (isFetchFault(thrown)) return null;
            throw thrown;
          });
          if (!checks?.ok) return [];
          return checks.value.entries.filter((entry) => entry.hotkey === signer.address && entry.proof === proof);
        }),
      ),
    );
    const said = entries.flat();
    const count = (verdict: CheckEntry["verdict"]) => said.filter((entry) => entry.verdict === verdict).length;
    log.info("what validators said of the proof", {
      cycle,
      valid: count("valid"),
      invalid: count("invalid"),
      abstain: count("abstain"),
      validators: committed.length,
    });
    for (const { reason, detail } of said)
      if (reason !== null)
        log.warn("a validator did not find the proof valid", {
          cycle,
          reason,
          meaning: explainCheck(reason),
          detail: detail && asciiLine(detail),
        });
  } catch (thrown) {
    if (!signal.aborted) log.warn("verdicts on the proof unknown", { cycle, reason: reasonOf(thrown) });
  }
};
