import { commitmentOf } from "#shared/protocol/commitment.js";
import { isBlockLeft, phaseWindow } from "#shared/protocol/phases.js";
import { isGone } from "#shared/replay/is-gone.js";
import { readPhaseRecords } from "#shared/replay/phase-records.js";
import type { CycleContext } from "#shared/replay/source.js";
import type { Gate } from "./report.js";

export interface RecordsExpected {
  /** Null for tensors without a manifest. */
  readonly artifact: string | null;
  readonly cycle: number;
  /** Null where neither a wallet nor a manifest says whose it is. */
  readonly hotkey: { readonly address: string; readonly publicKey: Uint8Array } | null;
  readonly head: number;
}

/** The gates that the chain decides: whether the update was committed to and revealed, or still can be. */
export const recordGates = async (source: CycleContext, expected: RecordsExpected): Promise<readonly Gate[]> => [
  await gateOf("commit", source, expected),
  await gateOf("reveal", source, expected),
];

const gateOf = async (
  gate: "commit" | "reveal",
  source: CycleContext,
  { artifact, cycle, hotkey, head }: RecordsExpected,
): Promise<Gate> => {
  const window = phaseWindow(cycle, gate, source.network.phases);
  const { start, end } = window;
  if (isBlockLeft(window, head))
    return { gate, status: "open", reason: null, detail: `in blocks ${start} to ${end - 1}; now it is block ${head}` };
  if (artifact === null || hotkey === null)
    return { gate, status: "unchecked", reason: null, detail: "there is no manifest" };
  try {
    const found = (await readPhaseRecords(source, gate, cycle)).get(hotkey.address);
    if (found === undefined) {
      const detail = `nothing of ${hotkey.address} in blocks ${start} to ${end - 1}`;
      return { gate, status: "failed", reason: gate === "commit" ? "no_commit" : "no_reveal", detail };
    }
    const isOurs =
      found.record.type === "commit"
        ? found.record.commitment === commitmentOf(artifact, hotkey.publicKey, cycle)
        : found.record.type === "reveal" && found.record.artifact === artifact;
    return isOurs
      ? { gate, status: "passed", reason: null, detail: `in block ${found.block}` }
      : {
          gate,
          status: "failed",
          reason: "commitment_mismatch",
          detail: `block ${found.block} names another artifact`,
        };
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
    return {
      gate,
      status: "unchecked",
      reason: null,
      detail: `the chain no longer holds the state of block ${end - 1}`,
    };
  }
};
