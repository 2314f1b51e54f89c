import { join } from "node:path";
import { minerJournalSchema } from "#miner/journal.js";
import type { Sprinter } from "#miner/sprint/context.js";
import { createIdleGate } from "#shared/continuous/idle-gate.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { type Sprint, sprintSchema } from "#shared/protocol/sprint.js";
import { validatorJournalSchema } from "#validator/journal.js";
import type { Checker } from "#validator/sprint/context.js";
import { PHASES } from "./micro-network.js";
import type { Flags, Joined, Subnet } from "./subnet.js";
import { device } from "./updates.js";

/** Sprints of the smallest network in every cycle. */
export const SPRINT: Sprint = sprintSchema.parse({ every: 1, dials: "tiny", required: 1000 });

/** The same in floats, with the phases that they need. */
export const FLOAT_SPRINT: Sprint = sprintSchema.parse({ every: 1, profile: "float", dials: "tiny", required: 1000 });
export const FLOAT_PHASES = { ...PHASES, evaluate: 16 };

export interface TestSprinter extends Sprinter {
  readonly participant: Joined;
  /** Batches of nonces that it has computed. */
  readonly batches: () => number;
}

/** A miner as its program makes it, for one Sprint at a time. */
export const openSprinter = async (subnet: Subnet, name: string, flags: Flags = {}): Promise<TestSprinter> => {
  const participant = await subnet.join(name);
  let rests = 0;
  return {
    participant,
    config: subnet.minerConfig(name, flags),
    journal: openJournal(join(participant.home, "miner.json"), minerJournalSchema),
    gate: createIdleGate(),
    metrics: { write: () => {}, close: async () => {} },
    arithmetic: async () => ({ device, threads: 1 }),
    // It is read before and after each rest, and once before the first batch.
    power: {
      watts: () => {
        rests += 1;
        return null;
      },
    },
    batches: () => (rests - 1) / 2,
  };
};

export interface TestChecker extends Checker {
  readonly participant: Joined;
}

/** A validator as its program makes it, for one Sprint at a time. */
export const openChecker = async (subnet: Subnet, name: string): Promise<TestChecker> => {
  const participant = await subnet.join(name);
  return {
    participant,
    journal: openJournal(join(participant.home, "validator.json"), validatorJournalSchema),
    metrics: { write: () => {}, close: async () => {} },
    arithmetic: { device, threads: 1 },
  };
};
