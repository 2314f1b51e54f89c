import type { ErrorEntries } from "./entry.js";

export const cycleErrors = {
  BASE_UNKNOWN: {
    meaning: "The node no longer has the states that say which model a cycle starts from.",
    remedy: "Wait until validators agree on the next model, which the program does; or name an archive node.",
  },
  DUTY_MEMBERS_UNSURE: {
    meaning: "A miner cannot read Sprints that say who has duty, and may miss its own.",
    remedy: "Use an archive node, and see that the miner runs without long pauses.",
  },
  DUTY_OVERDUE: {
    meaning: "A duty of the cycle was not done by its block, and is left out.",
    remedy: "See in the log what it waited for; the next cycle goes on.",
  },
  EVALUATION_SEED_REPLACED: {
    meaning:
      "A fork replaced the block of seeds after a validator had measured by them, and no time was left to measure again.",
    remedy:
      "Nothing is to be done: other validators decide, if there are any, and the next cycle has seeds of its own.",
  },
  HOTKEY_IN_USE: {
    meaning: "Another program of this machine takes part in the subnet with this hotkey, from another home.",
    remedy: "Stop it, or use another hotkey.",
  },
  HOTKEY_NOT_REGISTERED: {
    meaning: "The hotkey is not registered on the subnet.",
    remedy: "Register it with `blockzero register`.",
  },
  JOURNAL_MALFORMED: {
    meaning: "The journal of cycles cannot be read.",
    remedy: "Restore it from a backup, or move it away and start outside a commit phase.",
  },
  MERGE_ABSTAINED: {
    meaning: "This validator lacks a report or an update that the merge needs.",
    remedy:
      "Mend a fault of its own that the line names, such as a full disk. Else nothing: it takes the model that the others agree on.",
  },
  MERGE_FAILED: { meaning: "A thread of the merge ended.", remedy: "Free some memory, and merge again." },
  MODEL_MISSING: {
    meaning: "Nobody serves a file of the model that is in force.",
    remedy: "Ask those whom the line names to keep their programs running, then start again.",
  },
  MODEL_UNUSABLE: {
    meaning: "The model of this validator's own merge cannot be read back, and is not committed.",
    remedy: "Report it as a bug; the older model stays in force.",
  },
  NO_TEXT: {
    meaning: "A group has no text to measure candidate steps on.",
    remedy: "See what the log says of the text.",
  },
  OWNER_HOTKEY: {
    meaning: "The subnet owner's hotkey has one commitment, which names the network file.",
    remedy: "Mine and validate with another hotkey.",
  },
  RECORD_INVALID: {
    meaning: "A record cannot carry this value.",
    remedy: "See its forms in [protocol.md](protocol.md).",
  },
  REPLAY_DIVERGED: {
    meaning: "Merging a past cycle again gives another model.",
    remedy: "Run `blockzero audit --cycle N` to see where they part.",
  },
  REPORT_MISSING: {
    meaning: "A report that counts could not be fetched, so candidate steps are unknown.",
    remedy: "Nothing: other validators' ballots decide; without one the model stays.",
  },
  REPORT_UNUSABLE: {
    meaning: "A validator's report cannot be used.",
    remedy: "Tell that validator to update BlockZero.",
  },
  SKETCH_FAILED: {
    meaning: "The thread that compares updates with each other ended.",
    remedy: "Free some memory; the next cycle has another.",
  },
  STREAM_SECRET_INVALID: {
    meaning: "The secret of a training stream is no 64 hex digits.",
    remedy: "Delete it: the next cycle trains on another stream.",
  },
  UPDATE_MISSING: {
    meaning: "An update that the majority scored cannot be used here.",
    remedy:
      "Mend a fault of its own that the line names, such as a full disk. Else nothing: other validators' ballots decide; without one the model stays.",
  },
  WINDOW_MISSED: {
    meaning: "A record was not on chain, or a duty not begun, before its window closed.",
    remedy: "Check the endpoint's latency, and leave more blocks for the work.",
  },
  WORKERS_LOST: { meaning: "No worker process is left.", remedy: "See the warnings before; try fewer workers." },
  WORKER_DIED: { meaning: "A worker process ended.", remedy: "See whether the machine has memory for it." },
} as const satisfies ErrorEntries;
