import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { columns } from "#shared/cli/table.js";
import { readSearchSeconds, type SeenHardware, seenHardware } from "#shared/compute/hardware.js";
import type { PayWindow } from "#shared/compute/read-pay-window.js";
import { hasProof, readProof } from "#shared/compute/read-proof.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { Hardware } from "#shared/sprint/proof/hardware.js";
import { mapLimited } from "#shared/util/map-limited.js";

/** What the newest settled Sprint shows of a miner's machine, and what it says of it. */
export interface HostHardware {
  readonly uid: number;
  readonly hotkey: string;
  readonly seen: SeenHardware;
  /** Null if it says nothing, or its proof cannot be had. */
  readonly hardware: Hardware | null;
}

/** Proofs that are fetched at once. */
const PROOFS_AT_ONCE = 16;

/** What the proofs of the newest Sprint that were settled as valid show of their machines. */
export const hardwareOf = async (
  source: CycleSource,
  { results }: Pick<PayWindow, "results">,
): Promise<readonly HostHardware[]> => {
  const newest = results.at(-1);
  const seconds = newest ? await readSearchSeconds(source, newest.cycle) : null;
  if (!newest || seconds === null) return [];
  const valid = newest.outcomes.filter(({ outcome }) => outcome === "valid");
  return mapLimited(valid, PROOFS_AT_ONCE, async ({ uid, hotkey, measured }): Promise<HostHardware> => {
    const proof = newest.proofs.find((one) => one.hotkey === hotkey)!;
    const question = { cycle: newest.cycle, sprint: newest.sprint };
    const read = hasProof(proof) ? await readProof(source, question, proof).catch(orNull) : null;
    const hardware = (read?.ok && read.value.hardware) || null;
    return { uid, hotkey, hardware, seen: seenHardware({ measured, seconds }, newest.sprint, hardware) };
  });
};

export const hardwareLines = (machines: readonly HostHardware[] | null): readonly string[] => {
  if (!machines) return [];
  if (machines.length === 0) return ["", "hardware: no valid proof whose phase the chain still has the time of"];
  return [
    "",
    "hardware by the newest Sprint: what a miner says of itself is not checked, and decides nothing",
    ...columns([
      ["UID", "GFLOP/S", "CLASS", "IT SAYS", "FAR APART", "HOTKEY"],
      ...machines.map(({ uid, hotkey, seen, hardware }) => [
        String(uid),
        (seen.speed / 1e9).toPrecision(3),
        seen.measured,
        hardware ? saidOf(hardware) : "–",
        seen.isFar ? seen.report : "no",
        hotkey,
      ]),
    ]),
  ];
};

const saidOf = ({ processor: name, threads, device }: Hardware): string =>
  threads === 0 ? `${device}, ${name}` : `${threads} ${threads === 1 ? "thread" : "threads"} of ${name}`;

/** What a proof that cannot be had says. */
const orNull = (thrown: unknown): null => {
  if (!isFetchFault(thrown)) throw thrown;
  return null;
};
