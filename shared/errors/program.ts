import type { ErrorEntries } from "./entry.js";

export const programErrors = {
  CANCELLED: { meaning: "A prompt was answered with no, or with Ctrl-C.", remedy: "Nothing was done: call it again." },
  CONFIRMATION_NEEDED: {
    meaning: "A command asks before it goes on, and no terminal is attached.",
    remedy: "Add `--yes`.",
  },
  ENV_FILE_MALFORMED: {
    meaning: "`.env` is not what it should be: its encoding, or a line of it.",
    remedy: "Save it as UTF-8, with one `NAME=value` a line.",
  },
  ENV_FILE_UNREADABLE: { meaning: "`.env` cannot be read.", remedy: "Check the file's owner and mode." },
  ENV_NAME_UNKNOWN: {
    meaning: "A variable begins with `BLOCKZERO_`, and nothing reads it.",
    remedy: "Correct its name, or remove it.",
  },
  FILE_SHRANK: {
    meaning: "A file became shorter while it was read.",
    remedy: "Let its writer finish, then read again.",
  },
  FILE_TOO_LARGE: {
    meaning: "A file is larger than any valid file of its kind.",
    remedy: "Check that it is the file you mean.",
  },
  FILE_UNREADABLE: { meaning: "A file cannot be opened or read.", remedy: "Check its name and permissions." },
  FILE_UNWRITABLE: { meaning: "A file cannot be written.", remedy: "Check the folder's permissions and free space." },
  HASH_INVALID: { meaning: "A text is not a SHA-256 in lower-case hex digits.", remedy: "Check where it came from." },
  HOME_IN_USE: {
    meaning:
      "Another process works in this folder, or one of another container, machine, boot or hidden user was seen there within a minute; or another process took it over while this one stood still for a minute.",
    remedy: "Stop that process, or choose another folder; where it is gone, start again after a minute.",
  },
  HOME_UNKNOWN: {
    meaning: "A path begins with `~`, and this user has no home folder, as in a container with an unknown user id.",
    remedy: "Set `HOME`, or give `wallet.path` and other paths in full.",
  },
  INTERNAL: { meaning: "A fault that the program did not expect.", remedy: "Report it as a bug, with the log." },
  METRICS_PORT_UNAVAILABLE: {
    meaning: "`/metrics` and `/health` cannot be served at `metrics.listen`; the program runs without them.",
    remedy: "Set `metrics.listen` to a free address of this machine, or to `off`.",
  },
  METRICS_UNWRITABLE: { meaning: "The file of metrics cannot be written.", remedy: "Check `checkpoint_dir`." },
  NODE_TOO_OLD: {
    meaning: "The Node that runs the program is older than the oldest that works.",
    remedy: "Install Node 24.",
  },
  OUTPUT_UNWRITABLE: {
    meaning: "A command's answer, or a part of it, could not be written to standard output.",
    remedy: "Free space, or send it elsewhere.",
  },
  PORT_UNAVAILABLE: { meaning: "A port is taken.", remedy: "Stop what uses it, or choose another." },
  SERVER_FAILED: {
    meaning: "The blob server cannot listen on its address.",
    remedy: "Choose another `listen.host` or `listen.port`.",
  },
  STOPPED: { meaning: "A signal stopped the program before its end.", remedy: "Start it again: it goes on." },
  USAGE: { meaning: "An option or argument is wrong or missing.", remedy: "See the command's `--help`." },
  WANDB_NOTHING_KEPT: {
    meaning: "`blockzero wandb sync` found no metrics that were kept for Weights & Biases.",
    remedy: "Name the `checkpoint_dir` of a program that ran with `wandb: true`.",
  },
  WANDB_UNREACHABLE: {
    meaning: "`blockzero wandb sync` could not send everything.",
    remedy: "Call it again later: it goes on where it stopped.",
  },
  WANDB_API_KEY_MISSING: {
    meaning: "`wandb` is on, and the environment has no `WANDB_API_KEY`.",
    remedy: "Set the key, or set `wandb: false`.",
  },
} as const satisfies ErrorEntries;
