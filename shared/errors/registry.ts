import { benchErrors } from "./bench.js";
import { chainErrors } from "./chain.js";
import { cycleErrors } from "./cycle.js";
import { dataErrors } from "./data.js";
import { engineErrors } from "./engine.js";
import { fetchErrors } from "./fetching.js";
import { hubErrors } from "./hub.js";
import { inspectionErrors } from "./inspection.js";
import { localChainErrors } from "./local-chain.js";
import { modelErrors } from "./model.js";
import { networkFileErrors } from "./network-file.js";
import { ownProgramErrors } from "./own-program.js";
import { programErrors } from "./program.js";
import { sealErrors, sealedTextErrors } from "./sealed-text.js";
import { settingErrors } from "./settings.js";
import { signerErrors } from "./signer.js";
import { sprintErrors } from "./sprint.js";
import { storeErrors } from "./stores.js";
import { subnetErrors } from "./subnet.js";
import { textErrors } from "./text.js";
import { upkeepErrors } from "./upkeep.js";
import { walletErrors } from "./wallet.js";
import { warnings } from "./warnings.js";

/** Every code by its topic: docs/errors.md is made from it. */
export const ERROR_TOPICS = {
  Programs: programErrors,
  Settings: settingErrors,
  "The network file": networkFileErrors,
  "A cycle": cycleErrors,
  "Warnings of the log": warnings,
  "The chain": chainErrors,
  "Wallets and keys": walletErrors,
  "Remote signing": signerErrors,
  "Fetching files": fetchErrors,
  Stores: storeErrors,
  "The Hugging Face Hub": hubErrors,
  "Training text": dataErrors,
  "Sealed text": { ...sealedTextErrors, ...sealErrors },
  "Models and updates": modelErrors,
  "Generation and evaluation": textErrors,
  "Engine and training": engineErrors,
  Sprints: sprintErrors,
  "Programs of one's own": ownProgramErrors,
  "A subnet and its owner": subnetErrors,
  "Audit, explain, score and rewards": inspectionErrors,
  "Backups, services, versions": upkeepErrors,
  "Local chains and the localnet": localChainErrors,
  "Benches and attacks": benchErrors,
} as const;

type Topics = typeof ERROR_TOPICS;

/** A code that is in the registry. */
export type ErrorCode = { [Topic in keyof Topics]: keyof Topics[Topic] }[keyof Topics];

export const ERROR_CODES = Object.values(ERROR_TOPICS).flatMap((topic) => Object.keys(topic)) as readonly ErrorCode[];
