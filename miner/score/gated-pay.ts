import { type PayGate, payGate } from "#shared/compute/gate.js";
import { processor } from "#shared/compute/processor.js";
import { readSprintWindow } from "#shared/compute/read-window.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";
import type { GatedPay } from "./report.js";

/** The gate on pay by all Sprints that are settled now, and what it says of a hotkey. Undefined where pay does not depend on Sprints. */
export const gateNow = async (
  { source, head, last }: Pick<OpenedSubnet, "source" | "head" | "last">,
  hotkey: string,
): Promise<{ readonly gate: PayGate; readonly own: GatedPay } | undefined> => {
  const { sprint } = source.network;
  if (sprint?.required === undefined) return undefined;
  const isSettled = head >= lastBlockFor("checks", last, source);
  const { confirmed } = await readSprintWindow(source, isSettled ? last + 1 : last, { arithmetic: () => processor() });
  const gate = payGate(sprint, confirmed);
  if (!gate) return undefined;
  const own = { required: sprint.required, confirmed: confirmed?.get(hotkey)?.weight ?? 0, part: gate(hotkey) };
  return { gate, own };
};
