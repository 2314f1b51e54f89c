import { join } from "node:path";
import { packageInfo } from "#shared/cli/package-info.js";
import { warnAtStart } from "#shared/doctor/at-start.js";
import type { Examined } from "#shared/doctor/examined.js";
import { thisMachine } from "#shared/doctor/machine.js";
import { chooseDevice } from "#shared/engine/runtime/open-device.js";
import { evaluationMemory } from "#shared/evaluation/evaluation-memory.js";
import { evaluationBatches, type LossMeter } from "#shared/evaluation/loss-meter.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { catchUp } from "#shared/participant/agreement/catch-up.js";
import { runBeacon } from "#shared/participant/beacon/run-beacon.js";
import { openBlockTimer } from "#shared/participant/block-timer.js";
import { modelAtStart, withModelFiles } from "#shared/participant/model-at-start.js";
import type { Participant } from "#shared/participant/participant.js";
import { runCycles } from "#shared/participant/run-cycles.js";
import { runParticipant } from "#shared/participant/run-participant.js";
import { revealCommittedWeights } from "#shared/participant/weights/reveal-weights.js";
import { openWeights } from "#shared/participant/weights/weights-context.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import type { Network } from "#shared/protocol/network.js";
import type { Log } from "#shared/telemetry/log.js";
import type { MetricsSink } from "#shared/telemetry/metrics.js";
import { voteAtStart } from "./choose/vote-at-start.js";
import { beaconOf, type ValidatorConfig } from "./config.js";
import type { Validator } from "./context.js";
import { runCycle } from "./cycle.js";
import { runClosings } from "./duty/closings.js";
import { exchangeAtStart } from "./exchange-at-start.js";
import { firstCycle } from "./first-cycle.js";
import { validatorJournalSchema } from "./journal.js";
import { reportAtStart } from "./judge/report-at-start.js";
import { mergedBytes } from "./merge/merged-bytes.js";
import { openMeter } from "./open-meter.js";
import { withOwnEvaluator } from "./own-evaluator/own-meter.js";
import { requirementsOf } from "./plan/requirements.js";
import { runChecks } from "./sprint/sprints.js";
import { ownWitnesses } from "./witness/own-witnesses.js";
import { witnessMemory } from "./witness/plan-witness.js";

/** Runs a validator until the signal aborts. */
export const runValidator = (config: ValidatorConfig, log: Log, signal: AbortSignal): Promise<void> =>
  runParticipant(config, { role: "validator", version: packageInfo.version, log, signal }, (participant, metrics) =>
    validate(participant, config, metrics),
  );

const validate = async (participant: Participant, config: ValidatorConfig, metrics: MetricsSink): Promise<never> => {
  const { network } = participant;
  // Hotkeys choose how many updates there are.
  participant.blobs.keepFree(mergedBytes(network));
  const weights = openWeights(participant, beaconOf(config), metrics);
  // Weights of before can be revealed in few blocks, and to obtain and open a model takes longer.
  const revealing = revealCommittedWeights(weights);
  // Its fault is thrown with the cycles'.
  revealing.catch(() => {});
  const journal = openJournal(join(participant.home, "validator.json"), validatorJournalSchema, participant.log);
  // What fails here the cycle tries again.
  const owed = Promise.allSettled([
    reportAtStart({ participant, journal }),
    exchangeAtStart({ participant, journal, metrics }),
    voteAtStart({ participant, journal }),
  ]);
  await warnAtStart(examined(participant, config), participant.log);
  const hash = await modelAtStart(participant);
  participant.log.info("opening the model to evaluate with", { model: hash, device: config.device });
  const { kind, device } = await chooseDevice({ ...config, log: participant.log });
  const memory = evaluationMemory(config.evaluation.memory_gib);
  const { meter, shardLosses, model, updateMeter } = await withModelFiles(participant, hash, async () => {
    participant.log.debug("caught up", { model: hash, how: await catchUp(participant, hash) });
    const opened = await openMeter(participant, device, hash, memory);
    return { ...opened, updateMeter: await withOwnEvaluator(participant, config, opened.meter) };
  });
  await warmUp(meter, model, network);
  const timer = await openBlockTimer(participant);
  const validator: Validator = {
    participant,
    metrics,
    meter,
    updateMeter,
    shardLosses,
    witnesses: ownWitnesses({ device: kind, hostMemory: device.hostMemory, timer, memory: witnessMemory(memory) }),
    journal,
    weights,
    timer,
  };
  const cycles = runCycles(participant, {
    failure: "missed merge",
    first: (position) => firstCycle(journal.value, position),
    run: async (cycle) => {
      await owed;
      await runCycle(validator, cycle);
    },
  });
  const checker = { ...validator, arithmetic: { device, threads: config.threads } };
  try {
    return await Promise.race([
      cycles,
      revealing,
      runChecks(checker),
      runClosings(checker),
      runBeacon(participant, { holds: true }),
    ]);
  } finally {
    // The built-in one with it.
    await updateMeter.dispose();
  }
};

const examined = ({ chain, network }: Participant, config: ValidatorConfig): Examined => ({
  role: "validator",
  config,
  env: process.env,
  machine: thisMachine(process.env),
  chain: async () => chain,
  network: async () => network,
  beacon: beaconOf(config),
  requirements: (under) => requirementsOf(config, under),
});

/** Any seed will do: whether there is text does not depend on it. */
const SOME_SEED = "0".repeat(64);

/** Compiles and reads in advance what the first evaluation needs, while nobody waits for it. */
const warmUp = async (meter: LossMeter, model: ModelTensors, network: Network): Promise<void> => {
  for (const [name, group] of Object.entries(network.groups)) {
    await meter.ofGroup(model, group);
    if (!group.sealed) evaluationBatches(network, name, SOME_SEED, null);
  }
};
