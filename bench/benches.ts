import type { CommandSpec } from "#shared/cli/program.js";
import { artifactsBench } from "./artifacts/command.js";
import { assignedTextBench } from "./assigned-text/command.js";
import { beaconBench } from "./beacon/command.js";
import { chainBench } from "./chain/command.js";
import { choosingBench } from "./choosing.js";
import { codecsBench } from "./codecs/command.js";
import { compileBench } from "./compile/command.js";
import { costBench } from "./cost/command.js";
import { dashboardBench } from "./dashboard/command.js";
import { dataBench } from "./data/command.js";
import { defencesBench } from "./defences/command.js";
import { fuzzBench } from "./fuzz/command.js";
import { independenceBench } from "./independence/command.js";
import { largeAgreeBench } from "./large/agree-command.js";
import { largeBench } from "./large/command.js";
import { largeImportBench } from "./large/import-command.js";
import { largeTrainingBench } from "./large/train-command.js";
import { learningBench } from "./learning/command.js";
import { memoryBench } from "./memory/command.js";
import { metricsBench } from "./metrics.js";
import { monitoringBench } from "./monitoring/command.js";
import { planBench } from "./plan/command.js";
import { rewardsBench } from "./rewards.js";
import { shardModesBench } from "./shards/command.js";
import { shardDriftBench } from "./shards/drift-command.js";
import { splittingBench } from "./splitting/command.js";
import { sprintBench } from "./sprint/command.js";
import { stepBench } from "./step/command.js";
import { streamingBench } from "./streaming/command.js";
import { validationBench } from "./validation/command.js";

/** One entry a bench; each is a command of its own. */
export const benches: readonly CommandSpec[] = [
  stepBench,
  compileBench,
  memoryBench,
  planBench,
  costBench,
  largeBench,
  largeTrainingBench,
  largeAgreeBench,
  largeImportBench,
  independenceBench,
  assignedTextBench,
  sprintBench,
  splittingBench,
  shardDriftBench,
  shardModesBench,
  rewardsBench,
  codecsBench,
  chainBench,
  fuzzBench,
  learningBench,
  choosingBench,
  validationBench,
  defencesBench,
  artifactsBench,
  dataBench,
  streamingBench,
  metricsBench,
  monitoringBench,
  dashboardBench,
  beaconBench,
];
