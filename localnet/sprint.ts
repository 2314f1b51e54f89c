import { join } from "node:path";
import type { DutyResult } from "#shared/compute/duty/read-duty.js";
import { payGate } from "#shared/compute/gate.js";
import { processor } from "#shared/compute/processor.js";
import { readPayWindow } from "#shared/compute/read-pay-window.js";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import type { AgreedModels } from "#shared/participant/agreement/agreed-model.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { type Sprint, sprintSchema } from "#shared/protocol/sprint.js";
import { readBeaconValue } from "#shared/replay/beacon-value.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import { METRICS_FILE } from "#shared/telemetry/metrics-file.js";
import { tailMetrics } from "./metrics-tail.js";
import type { ObserverContext } from "./observer.js";
import type { SprintCycle } from "./result.js";
import type { LocalnetParticipant } from "./roles.js";

/** The localnet's Sprints. An honest miner of a slow machine confirms what is required. */
export const SPRINT: Sprint = sprintSchema.parse({
  every: 1,
  dials: "test",
  required: 200,
  duty: { reputation: "corrected", verifiers: 0.2 },
});

/** The same in floats: the smallest network, so that validators check it beside all else; without duty, which knows wins alone. */
const FLOAT_SPRINT: Sprint = sprintSchema.parse({ every: 1, profile: "float", dials: "tiny", required: 200 });

/** All of the few seconds of a localnet's evaluate phase. */
const IDLE = sprintSchema.parse({ ...SPRINT, every: 2, idle: { window: 1 } }).idle;

/**
 * The same in every second cycle, confirmed or upheld by idle time in each of the others, so that it is seen; one of both at even odds where both are
 * asked for.
 */
export const sprintWith = ({
  profile,
  confirmations,
  idle,
}: {
  readonly profile: Sprint["profile"];
  readonly confirmations: boolean;
  readonly idle: boolean;
}): Sprint => ({
  ...(profile === "float" ? FLOAT_SPRINT : SPRINT),
  ...((confirmations || idle) && { every: 2 }),
  ...(confirmations && { confirmations: idle ? 0.5 : 1 }),
  ...(idle && { idle: IDLE }),
});

/** Blocks of the evaluate phase with Sprints in floats, whose miners put two more records in it. */
const FLOAT_EVALUATE = 32;

/** The phases with Sprints of a profile. */
export const phasesFor = (profile: Sprint["profile"], phases: Network["phases"]): Network["phases"] =>
  profile === "float" ? { ...phases, evaluate: Math.max(phases.evaluate, FLOAT_EVALUATE) } : phases;

/**
 * A part of the evaluate phase, which is longer for floats, so that a Sprint takes at most a twentieth of the cycle. Idle time gives way to no
 * program: validators are on the same machine.
 */
export const computeFor = (profile: Sprint["profile"]) => ({
  max_share: profile === "float" ? 0.1 : 0.25,
  idle_nice: 0,
});

/** Seconds that each participant computed for a cycle's Sprint. */
export type Costs = (cycle: number) => { readonly minerSeconds: number; readonly validatorSeconds: number };

const PARTS = ["sprint/load_seconds", "sprint/search_seconds", "sprint/check_seconds"] as const;

/** Reads what the participants write of their Sprints. */
export const readCosts = (participants: readonly LocalnetParticipant[], home: string): Costs => {
  const seconds = new Map<string, number>();
  const readers = participants.map(({ name, program }) => ({
    name,
    program,
    read: tailMetrics(join(home, "players", name, METRICS_FILE)),
  }));
  return (cycle) => {
    for (const { name, read } of readers)
      for (const line of read()) {
        const key = `${line.cycle} ${name}`;
        for (const part of PARTS) {
          const more = line[part];
          if (typeof more === "number") seconds.set(key, (seconds.get(key) ?? 0) + more);
        }
      }
    const most = (role: LocalnetParticipant["program"]) =>
      Math.max(
        0,
        ...readers.filter(({ program }) => program === role).map(({ name }) => seconds.get(`${cycle} ${name}`) ?? 0),
      );
    return { minerSeconds: most("miner"), validatorSeconds: most("validator") };
  };
};

/** Settled Sprints, and closed duty, by cycle. */
export interface KnownSprints {
  readonly sprints: Map<number, SprintResult>;
  readonly duties: Map<number, DutyResult>;
}

/**
 * The result of a cycle's Sprint or confirmation, once the reveal phase after it is over, and of the duty of the Sprint before. They are settled and
 * closed as every validator does it; what it gets of its pay is by both. Null if the cycle has neither Sprint nor confirmation.
 */
export const observeSprint = async (
  context: ObserverContext & { readonly models: AgreedModels },
  cycle: number,
  { costs, known }: { readonly costs: Costs; readonly known: KnownSprints },
): Promise<SprintCycle | null> => {
  const { chain, clock, network, signal } = context;
  await clock.reach(lastBlockFor("checksheld", cycle, context) + 1, signal);
  const source = cycleSource(context, { isHeld: true });
  const { results, confirmations, idle, confirmed, standings, duty } = await readPayWindow(source, cycle + 1, {
    arithmetic: () => processor(2),
    known: known.sprints,
    knownDuty: known.duties,
    signal,
  });
  const result = [...results, ...confirmations, ...idle].find((one) => one.cycle === cycle);
  if (!result) return null;
  const paid = payGate(network.sprint, { confirmed, standings });
  const closed = duty.results.at(-1)?.cycle ?? cycle;
  const dutyOf = (hotkey: string) => {
    const { newest, reputation } = standings?.get(hotkey) ?? {};
    if (!newest || !reputation) return null;
    const { duties, missed, isFraud } = newest;
    return { cycle: closed, duties, missed, isFraud, reputation: reputation.value };
  };
  const blocks = [cycle, cycle + 1].map((at) => phaseWindow(at, "distribute", network.phases).start);
  const [begun = 0, ended = 0] = await Promise.all(blocks.map((block) => chain.timestamp(block)));
  return {
    cycle,
    confirms: result.confirms,
    idle: result.sprint.isIdle === true,
    miners: result.outcomes.map(
      ({ uid, hotkey, difficulty, proof, wins, nonces, outcome, nonce, fault, invalidBy, measured, low, high }) => ({
        ...{ uid, hotkey, difficulty, proof, wins, nonces, outcome, nonce, fault, invalidBy, measured, low, high },
        confirmed: confirmed?.get(hotkey)?.weight ?? 0,
        paid: paid?.(hotkey) ?? 1,
        duty: dutyOf(hotkey),
      }),
    ),
    beacon: await readBeaconValue(source, cycle),
    seconds: (ended - begun) / 1000,
    ...costs(cycle),
  };
};
