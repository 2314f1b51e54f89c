import { readSeals } from "#shared/beacon/contributions/committed.js";
import { readTerms } from "#shared/beacon/contributions/schedule.js";
import { isWeaker } from "#shared/beacon/value.js";
import { type BeaconWindows, beaconWindows } from "#shared/beacon/windows.js";
import { hasCycleValue } from "#shared/protocol/network-file/drand-beacon.js";
import { type BlockRange, isBlockLeft, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { contributionSource } from "#shared/replay/beacon-value.js";
import { BEACON_ORIGINS, type Duty } from "#shared/telemetry/instruments/labels.js";
import { attempt } from "../attempt.js";
import { cycleSource } from "../cycle-source.js";
import { dutyThroughFaults } from "../duty-through-faults.js";
import type { Participant } from "../participant.js";
import { throughFaults } from "../through-faults.js";
import { isWindowOpen } from "../window-open.js";
import { awaitBeaconValue } from "./await-value.js";
import { dealOrState } from "./group/deal.js";
import { type GroupJournal, openGroupJournal } from "./group/group-journal.js";
import { publishSignature } from "./group/publish-signature.js";
import { signAndHold } from "./group/sign-and-hold.js";
import { holdContributions } from "./hold-contributions.js";
import { sealContribution } from "./seal-contribution.js";

/**
 * Takes part in the network's beacon until the participant's signal aborts, beside the cycles: it contributes if it is asked, a validator
 * says what it holds, or takes part in the threshold group, and everybody reads the value. Whatever fails costs that cycle's part and nothing
 * else. Where the network file names no scheme it only waits.
 *
 * @param holds whether this is a validator
 */
export const runBeacon = async (participant: Participant, { holds }: { readonly holds: boolean }): Promise<never> => {
  const { clock, network, signal } = participant;
  const journal = holds && network.beacon?.group ? openGroupJournal(participant) : null;
  const { cycle: current } = phaseAt(clock.head.number + 1, network.phases);
  for (let cycle = Math.max(network.first_cycle, current); ; cycle++) {
    const windows = beaconWindows(cycle, network.phases);
    await clock.reach(Math.max(0, windows.sealing.start - 1), signal);
    if (!hasCycleValue(network.beacon)) continue;
    if (network.beacon?.contributions) await contribute(participant, cycle, windows, holds);
    else if (journal !== null) await signWithGroup(participant, cycle, windows, journal);
    await clock.reach(windows.deciding, signal);
    const { end } = phaseWindow(cycle, "evaluate", network.phases);
    await doPart(participant, { duty: "open", cycle, window: { start: windows.deciding, end } }, openValue);
  }
};

/** What is contributed in a cycle, and what of it a validator holds. */
const contribute = async (
  participant: Participant,
  cycle: number,
  { sealing, holding }: BeaconWindows,
  holds: boolean,
): Promise<void> => {
  await doPart(participant, { duty: "seal", cycle, window: sealing }, sealAndSee);
  if (holds) await doPart(participant, { duty: "sealheld", cycle, window: holding }, holdContributions);
};

/** What a validator does in a cycle to form a threshold group, and to sign with it. */
const signWithGroup = async (
  participant: Participant,
  cycle: number,
  { sealing, holding, signing }: BeaconWindows,
  journal: GroupJournal,
): Promise<void> => {
  await doPart(participant, { duty: "deal", cycle, window: sealing }, (bounded) =>
    dealOrState(bounded, journal, cycle),
  );
  await doPart(participant, { duty: "partial", cycle, window: holding }, (bounded) =>
    signAndHold(bounded, journal, cycle),
  );
  await doPart(participant, { duty: "pulse", cycle, window: signing }, publishSignature);
};

interface Part {
  readonly duty: Extract<Duty, "seal" | "sealheld" | "deal" | "partial" | "pulse" | "open">;
  readonly cycle: number;
  /** Its blocks. Nothing is begun after them. */
  readonly window: BlockRange;
}

/** What all who do such a part are to write. Who is asked to contribute, or belongs to the group, is known only when it is begun. */
const OWED_BY_ALL: ReadonlySet<Duty> = new Set(["sealheld", "pulse"]);

/**
 * Does one part, unless its blocks are over: again after a fault that may pass, as each may be begun twice. Any other is only logged, and that the
 * window of its record passed meanwhile.
 */
const doPart = async (
  participant: Participant,
  { duty, cycle, window }: Part,
  work: (bounded: Participant, cycle: number) => Promise<void>,
): Promise<void> => {
  const { clock } = participant;
  const limit = { duty, name: `the ${duty} of the beacon of cycle ${cycle}`, deadline: window.end + 1 };
  await attempt(participant, { failure: "missed part in the beacon", duty, cycle }, async () => {
    const isOpen =
      duty === "open"
        ? isBlockLeft(window, clock.head.number)
        : isWindowOpen(participant, { record: duty, window, name: limit.name, isOwed: OWED_BY_ALL.has(duty) });
    if (!isOpen) return;
    await dutyThroughFaults(participant, limit, (bounded) => work(bounded, cycle));
  });
};

/** Contributes, and reads who did while the chain's node has the state of those blocks: the value depends on it. */
const sealAndSee = async (participant: Participant, cycle: number): Promise<void> => {
  const { clock, network, signal } = participant;
  const { end } = beaconWindows(cycle, network.phases).sealing;
  const see = async () => {
    await clock.reach(end - 1, signal);
    const source = contributionSource(cycleSource(participant));
    if (source) await readSeals(source, cycle, await readTerms(source, cycle));
  };
  const seeing = throughFaults(participant, { name: `who sealed in cycle ${cycle}`, deadline: end + 1 }, see);
  await Promise.all([sealContribution(participant, cycle), seeing]);
};

/** Opens the value, so that its seeds are known in time and its contributions are served from here too, and shows it. */
const openValue = async (participant: Participant, cycle: number): Promise<void> => {
  const { network, log, telemetry } = participant;
  const { end } = phaseWindow(cycle, "evaluate", network.phases);
  const value = await awaitBeaconValue(participant, { cycle, deadline: end });
  if (value === null) return;
  const { origin, contributors, dropped } = value;
  for (const one of BEACON_ORIGINS)
    telemetry.instruments.set("blockzero_beacon_origin", one === origin ? 1 : 0, { origin: one });
  telemetry.instruments.set("blockzero_beacon_contributors", contributors.length);
  telemetry.instruments.set("blockzero_beacon_dropped", dropped.length);
  const fields = { cycle, value: value.value, origin, contributors: contributors.length, dropped: dropped.length };
  if (isWeaker(value)) log.warn("the beacon's value is a fallback, which is weaker", fields);
  else log.info("opened the beacon's value", fields);
  for (const { hotkey, why } of dropped) log.debug("does not count in the beacon's value", { cycle, hotkey, why });
};
