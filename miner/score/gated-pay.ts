import { payParts } from "#shared/compute/gate.js";
import { processor } from "#shared/compute/processor.js";
import { readPayWindow } from "#shared/compute/read-pay-window.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";
import type { GatedPay } from "./report.js";

/**
 * What pay depends on by all Sprints and duty that are settled now, and what it says of a hotkey. Undefined where pay depends on neither.
 *
 * @param signal ends what is recomputed, with its reason
 */
export const gateNow = async (
  { source, head, last }: Pick<OpenedSubnet, "source" | "head" | "last">,
  hotkey: string,
  signal?: AbortSignal,
): Promise<{ readonly parts: ReturnType<typeof payParts>; readonly own: GatedPay } | undefined> => {
  const { sprint } = source.network;
  if (sprint?.required === undefined && sprint?.duty === undefined) return undefined;
  const isSettled = head >= lastBlockFor("checksheld", last, source);
  const window = await readPayWindow(source, isSettled ? last + 1 : last, { arithmetic: () => processor(), signal });
  const parts = payParts(sprint, window);
  const { gate } = parts;
  if (!gate) return undefined;
  const confirmed = window.confirmed?.get(hotkey)?.weight ?? 0;
  return { parts, own: { required: sprint.required ?? null, confirmed, part: gate(hotkey) } };
};
