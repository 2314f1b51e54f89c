import type { BeaconValue } from "#shared/beacon/value.js";
import { valueText } from "#shared/beacon/value-text.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { columns } from "#shared/cli/table.js";
import { cappedWeights } from "#shared/compute/capped-weights.js";
import type { DutyPart } from "#shared/compute/duty/standing.js";
import { payGate } from "#shared/compute/gate.js";
import type { SprintOutcome } from "#shared/compute/outcome.js";
import { processor } from "#shared/compute/processor.js";
import { type PayWindow, readPayWindow } from "#shared/compute/read-pay-window.js";
import { hasCycleValue } from "#shared/protocol/network-file/drand-beacon.js";
import { phaseAt } from "#shared/protocol/phases.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import { readBeaconValue } from "#shared/replay/beacon-value.js";
import { isGone } from "#shared/replay/is-gone.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import type { CycleSource } from "#shared/replay/source.js";
import { openSubnet } from "#shared/subnet/open-subnet.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { formatMillionths } from "#shared/util/fraction.js";
import { percent } from "#shared/util/percent.js";
import { plural } from "#shared/util/plural.js";
import { locationFrom, type SubnetOptions, subnetOptions } from "../../subnet-options.js";
import { hardwareLines, hardwareOf } from "./hardware-lines.js";
import { idleHosts, idleLines } from "./idle-lines.js";
import { settledAs } from "./settled-as.js";

interface Options extends SubnetOptions {
  readonly json?: boolean;
  readonly hardware?: boolean;
}

/** A hotkey's part in the newest settled Sprint, and what it counts with. */
interface Standing {
  readonly outcome: SprintOutcome;
  readonly confirmed: number;
  /** Share of all confirmed weight, capped. */
  readonly share: number;
  /** What the newest closed duty showed of it, and its reputation in millionths. Null if it had none. */
  readonly duty: DutyPart | null;
  readonly reputation: number | null;
  /** Part of its pay that it gets. */
  readonly paid: number;
}

export const status: CommandSpec = {
  name: "status",
  description:
    "each miner's part in the newest settled Sprint, its confirmed weight, duty and reputation, and what it gets of its pay",
  examples: [
    "blockzero compute status",
    "blockzero compute status --hardware",
    "blockzero compute status --chain finney --netuid 1 --json",
  ],
  define: (command) => {
    subnetOptions(command)
      .option("--hardware", "each miner's class by its nonces a second, beside what its proof says of its machine")
      .option(...JSON_FLAG)
      .action(async ({ json = false, hardware = false, ...options }: Options) => {
        const log = createLogger({ name: "compute", level: "warn", format: "pretty" });
        const signal = shutdownSignal();
        const { source, head, close } = await openSubnet({ ...locationFrom(options), log, signal });
        try {
          const { sprint, phases } = source.network;
          const { cycle: current } = phaseAt(head, phases);
          const isSettled = current > 0 && head >= lastBlockFor("checksheld", current - 1, source);
          const cycle = isSettled ? current : Math.max(0, current - 1);
          const window = await readPayWindow(source, cycle, { arithmetic: () => processor(), signal });
          const standings = sprint ? standingsOf(sprint, window) : [];
          const newest = window.results.at(-1)?.cycle ?? null;
          const beacon = await newestValue(source, head);
          const machines = hardware ? await hardwareOf(source, window) : null;
          if (json)
            printJson({
              head,
              sprint: sprint ?? null,
              cycle: newest,
              unknown: window.unknown,
              confirmations: window.confirmations.map(({ cycle: at, outcomes }) => ({ cycle: at, outcomes })),
              idle: window.idle.map(({ cycle: at, sprint: played, outcomes }) => ({
                cycle: at,
                outcomes: idleHosts(window, played, outcomes),
              })),
              ...(machines && { hardware: machines }),
              duty: { cycle: window.duty.results.at(-1)?.cycle ?? null, unknown: window.duty.unknown },
              miners: standings,
              beacon,
            });
          else
            for (const line of [
              ...lines(sprint, newest, standings),
              ...confirmationLines(sprint, window),
              ...idleLines(sprint, window),
              ...hardwareLines(machines),
              ...beaconLines(beacon),
            ])
              console.log(line);
        } finally {
          await close();
        }
      });
  },
};

/** The newest value of the beacon that is decided. */
interface NewestValue {
  readonly cycle: number;
  /** Null if a contribution that counts, or the state that names it, cannot be had. */
  readonly value: BeaconValue | null;
}

/** Null where the network file names no scheme, or there is no value yet. */
const newestValue = async (source: CycleSource, head: number): Promise<NewestValue | null> => {
  const { beacon, phases, first_cycle } = source.network;
  const { cycle: current } = phaseAt(head, phases);
  const cycle = head >= beaconWindows(current, phases).deciding ? current : current - 1;
  if (!hasCycleValue(beacon) || cycle < first_cycle) return null;
  const value = await readBeaconValue(source, cycle).catch((thrown) => {
    if (!isGone(thrown)) throw thrown;
    return null;
  });
  return { cycle, value };
};

const beaconLines = (newest: NewestValue | null): readonly string[] =>
  newest === null
    ? []
    : ["", `beacon of cycle ${newest.cycle}: ${newest.value ? valueText(newest.value) : "a file of it cannot be had"}`];

const standingsOf = (sprint: Sprint, { results, confirmed, standings }: PayWindow): readonly Standing[] => {
  const capped = cappedWeights(confirmed, sprint);
  const total = [...capped.values()].reduce((sum, weight) => sum + weight, 0);
  const gate = payGate(sprint, { confirmed, standings });
  return (results.at(-1)?.outcomes ?? []).map((outcome) => ({
    outcome,
    confirmed: confirmed?.get(outcome.hotkey)?.weight ?? 0,
    share: total === 0 ? 0 : (capped.get(outcome.hotkey) ?? 0) / total,
    duty: standings?.get(outcome.hotkey)?.newest ?? null,
    reputation: standings?.get(outcome.hotkey)?.reputation.value ?? null,
    paid: gate?.(outcome.hotkey) ?? 1,
  }));
};

const dutyCells = (duty: DutyPart | null, reputation: number | null): readonly string[] => [
  duty ? `${duty.duties - duty.missed} of ${duty.duties}` : "–",
  duty ? `${duty.missed}${duty.isFraud ? ", fraud" : ""}` : "–",
  duty ? String(duty.verified) : "–",
  duty ? `${duty.checked} of ${duty.tasks}` : "–",
  reputation === null ? "–" : formatMillionths(reputation),
];

const HEADING = ["UID", "1 IN", "WINS", "WEIGHT", "95 %", "SETTLED", "CONFIRMED", "SHARE"];
const DUTY_HEADING = ["DUTY", "MISSED", "VERDICTS", "CHECKED", "REPUTATION"];
const LAST_HEADING = ["OF ITS PAY", "HOTKEY"];

const lines = (sprint: Sprint | undefined, cycle: number | null, standings: readonly Standing[]): readonly string[] => {
  if (!sprint) return ["the network file has no Sprints"];
  if (cycle === null) return [`a Sprint every ${plural(sprint.every, "cycle")}; none is settled yet`];
  const required =
    sprint.required === undefined ? "pay does not depend on it" : `${sprint.required} nonces for whole pay`;
  return [
    `Sprint of cycle ${cycle}, ${sprint.profile}, dials ${sprint.dials}: ${standings.length} entered, ${required}`,
    "",
    ...columns([
      [...HEADING, ...(sprint.duty ? DUTY_HEADING : []), ...LAST_HEADING],
      ...standings.map(({ outcome, confirmed, share, duty, reputation, paid }) => [
        String(outcome.uid),
        String(outcome.difficulty),
        String(outcome.wins),
        String(outcome.measured),
        `${outcome.low}–${outcome.high}`,
        settledAs(outcome),
        String(confirmed),
        percent(share),
        ...(sprint.duty ? dutyCells(duty, reputation) : []),
        percent(paid),
        outcome.hotkey,
      ]),
    ]),
  ];
};

/** What came of the confirmations of the newest Sprint. */
const confirmationLines = (
  sprint: Sprint | undefined,
  { confirmations }: Pick<PayWindow, "confirmations">,
): readonly string[] => {
  if (sprint?.confirmations === undefined) return [];
  const odds = `each cycle without a Sprint has a confirmation with a probability of ${percent(sprint.confirmations)}`;
  if (confirmations.length === 0) return ["", `${odds}; none was drawn since`];
  return [
    "",
    odds,
    ...columns([
      ["CONFIRMED IN", "UID", "WINS", "WEIGHT", "95 %", "SETTLED", "HOTKEY"],
      ...confirmations.flatMap(({ cycle, outcomes }) =>
        outcomes.map((outcome) => [
          `cycle ${cycle}`,
          String(outcome.uid),
          String(outcome.wins),
          String(outcome.measured),
          `${outcome.low}–${outcome.high}`,
          settledAs(outcome),
          outcome.hotkey,
        ]),
      ),
    ]),
  ];
};
