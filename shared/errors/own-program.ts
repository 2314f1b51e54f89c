import type { ErrorEntries } from "./entry.js";

export const ownProgramErrors = {
  EVALUATOR_DIFFERS: {
    meaning: "The evaluator's program measures other losses than the validator itself.",
    remedy: "Compute in float32 and without dropout; until the next start the validator measures by itself.",
  },
  EVALUATOR_FAILED: {
    meaning: "The evaluator's program ended, or did not answer as the contract says.",
    remedy:
      "See its lines and [own-evaluator.md](own-evaluator.md); until the next start the validator measures by itself.",
  },
  EVALUATOR_SLOW: {
    meaning: "The evaluator's program takes longer than the validator itself would.",
    remedy: "Give it a faster machine, or leave `evaluator.command` out; see [own-evaluator.md](own-evaluator.md).",
  },
  OWN_PROGRAM_NOT_STARTED: {
    meaning: "The program of `trainer.command` or `evaluator.command` cannot be started.",
    remedy: "Check its path and permissions; `blockzero-miner trainer check` tries it.",
  },
  TRAINER_DISK: {
    meaning: "The trainer's program wrote more than `trainer.disk_gib`.",
    remedy: "Let it delete what it no longer needs, or raise the setting.",
  },
  TRAINER_FAILED: {
    meaning: "The trainer's program ended with a fault before its time.",
    remedy: "See its last lines; its newest good checkpoint counts.",
  },
  TRAINER_NO_CHECKPOINT: {
    meaning: "The trainer's program left no checkpoint that can be used, so the cycle is missed.",
    remedy: "Run `blockzero-miner trainer check`; [own-trainer.md](own-trainer.md) says what a checkpoint is.",
  },
  TRAINER_OUTPUT_INVALID: {
    meaning: "A checkpoint of the trainer's program is not what the contract asks for.",
    remedy: "See what the line says of it, and [own-trainer.md](own-trainer.md).",
  },
  TRAINER_SHARD_UNEVEN: {
    meaning: "The group holds more experts in one layer than in another, which a Hugging Face folder cannot say.",
    remedy: "Train this group with the built-in trainer, or ask the owner for `shard: { mode: full }`.",
  },
} as const satisfies ErrorEntries;
