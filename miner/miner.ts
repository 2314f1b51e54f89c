import { join } from "node:path";
import { packageInfo } from "#shared/cli/package-info.js";
import { createIdleGate } from "#shared/continuous/idle-gate.js";
import { warnAtStart } from "#shared/doctor/at-start.js";
import type { Examined } from "#shared/doctor/examined.js";
import { thisMachine } from "#shared/doctor/machine.js";
import { reasonOf } from "#shared/errors/error.js";
import { groupNamed } from "#shared/model/groups.js";
import { runBeacon } from "#shared/participant/beacon/run-beacon.js";
import { openBlockTimer } from "#shared/participant/block-timer.js";
import type { Participant } from "#shared/participant/participant.js";
import { runCycles } from "#shared/participant/run-cycles.js";
import { runParticipant } from "#shared/participant/run-participant.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { type Phase, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import type { Log } from "#shared/telemetry/log.js";
import type { MetricsSink } from "#shared/telemetry/metrics.js";
import { submitMade } from "./commit/submit.js";
import type { MinerConfig } from "./config.js";
import type { Miner } from "./context.js";
import { runCycle } from "./cycle.js";
import { runDuties } from "./duty/duties.js";
import { awaitingScore, feedback } from "./feedback.js";
import { type MinerJournal, minerJournalSchema } from "./journal.js";
import { planTraining } from "./plan/plan.js";
import { requirementsOf } from "./plan/requirements.js";
import { showPlan } from "./plan/show-plan.js";
import { openSprinter } from "./sprint/open-sprinter.js";
import { runSprints } from "./sprint/sprints.js";
import { openTrainer } from "./training/open-trainer.js";
import { withOwnData } from "./training/own-data.js";

/** Runs a miner until the signal aborts. */
export const runMiner = (config: MinerConfig, log: Log, signal: AbortSignal): Promise<void> =>
  runParticipant(config, { role: "miner", version: packageInfo.version, log, signal }, (participant, metrics) =>
    mine(participant, config, metrics),
  );

const mine = async (participant: Participant, given: MinerConfig, metrics: MetricsSink): Promise<never> => {
  groupNamed(participant.network, given.expert_group);
  const journal = openJournal(join(participant.home, "miner.json"), minerJournalSchema, participant.log);
  const made = submitMade({ participant, journal, config: given }, FAILURE);
  await made.due;
  const untrained = { participant, metrics, journal, timer: await openBlockTimer(participant), gate: createIdleGate() };
  const sprinter = openSprinter({ ...untrained, config: given });
  // What is owed of Sprints and the beacon needs no trainer, and opening one takes a while.
  const beside = Promise.race([runSprints(sprinter), runDuties(sprinter), runBeacon(participant, { holds: false })]);
  // Its fault is thrown with the cycles'.
  beside.catch(() => {});
  await warnAtStart(examined(participant, given), participant.log);
  const config = await withOwnData(given, participant.home, participant.log, participant.signal);
  const trainer = await openTrainer(participant, config, untrained.gate);
  void tellPlan(participant, config);
  const miner: Miner = { ...untrained, config, trainer };
  for (const cycle of awaitingScore(miner)) void feedback(miner, cycle);
  sayWhatIsMissed(miner);
  try {
    return await Promise.race([runMinerCycles(miner, made.ended), beside]);
  } finally {
    await trainer.dispose();
  }
};

const examined = ({ chain, network }: Participant, config: MinerConfig): Examined => ({
  role: "miner",
  config,
  env: process.env,
  machine: thisMachine(process.env),
  chain: async () => chain,
  network: async () => network,
  // Nobody knows what an operator's own program takes.
  requirements: config.trainer.command === undefined ? (under) => requirementsOf(config, under) : undefined,
});

/** Log message of a cycle without a commitment or its reveal. */
const FAILURE = "missed commit";

/** @param submitted resolves once what an earlier run made is submitted: nobody else may submit it meanwhile */
const runMinerCycles = (miner: Miner, submitted: Promise<void>): Promise<never> =>
  runCycles(miner.participant, {
    failure: FAILURE,
    first: ({ cycle, phase }) => {
      const canTrain = phase === "distribute" || phase === "train";
      return canTrain || isSubmitting(miner.journal.value.cycles[cycle], phase) ? cycle : cycle + 1;
    },
    run: async (cycle) => {
      await submitted;
      await runCycle(miner, cycle);
      if (miner.journal.value.cycles[cycle]?.revealed) void feedback(miner, cycle);
    },
  });

/** Whether an update is there to be submitted, or was trained and can still be made. Not one that is revealed. */
const isSubmitting = (entry: MinerJournal["cycles"][string] | undefined, phase: Phase): boolean => {
  if (entry === undefined || entry.revealed !== undefined) return false;
  if (phase === "commit") return entry.artifact !== undefined || entry.begun !== undefined;
  return phase === "reveal" && entry.artifact !== undefined;
};

/** Whoever starts too late for the cycle under way hears so: which window closed, and when the next one opens. */
const sayWhatIsMissed = ({ participant: { clock, log, network }, journal }: Miner): void => {
  const { cycle, phase } = phaseAt(clock.head.number + 1, network.phases);
  const entry = journal.value.cycles[cycle];
  if (cycle < network.first_cycle || phase === "distribute" || phase === "train" || entry?.revealed) return;
  if (isSubmitting(entry, phase)) return;
  const closed = entry?.artifact === undefined ? "train" : "reveal";
  log.warn("too late for this cycle", {
    cycle,
    closed,
    closedAtBlock: phaseWindow(cycle, closed, network.phases).end,
    block: clock.head.number,
    nextCycle: cycle + 1,
    nextBeginsAtBlock: phaseWindow(cycle + 1, "distribute", network.phases).start,
  });
};

/** Shows the plan of memory beside what the program takes. */
const tellPlan = async ({ network, telemetry, log }: Participant, config: MinerConfig): Promise<void> => {
  // Nobody knows what an operator's own program takes.
  if (config.trainer.command !== undefined) return;
  try {
    showPlan(await planTraining(config, network, { blockSeconds: 0 }), telemetry.instruments);
  } catch (thrown) {
    log.debug("no plan of memory", { reason: reasonOf(thrown) });
  }
};
