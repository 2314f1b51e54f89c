import type { ErrorEntries } from "./entry.js";

export const upkeepErrors = {
  BACKUP_EMPTY: {
    meaning: "The folder holds no hotkey's home.",
    remedy: "Name a program's `checkpoint_dir`.",
  },
  BACKUP_EXISTS: { meaning: "The folder for the backup exists.", remedy: "Name one that does not." },
  BACKUP_INVALID: {
    meaning:
      "The folder is no backup, or a file of it is missing or changed; or a file to back up has a name that none can hold, or is behind a link.",
    remedy: "Take another copy of it, or move that file out of the home: nothing was written.",
  },
  RELEASE_KEY_INVALID: { meaning: "A publisher's key is no SS58 address.", remedy: "Take it from the publisher." },
  RELEASE_KEY_MISSING: {
    meaning: "A release note is to be checked, and no publisher's key is known.",
    remedy: "Give it with `--key`.",
  },
  RELEASE_NOTE_INVALID: {
    meaning: "The text is no release note, or its publisher did not sign it.",
    remedy: "Take it from its publisher, and compare the key.",
  },
  RELEASE_NOTE_UNREACHABLE: {
    meaning: "The release note cannot be fetched.",
    remedy: "Check the address, or give a file.",
  },
  RESTORE_OCCUPIED: {
    meaning: "A home of the backup exists where it is to be restored.",
    remedy: "Move that home away, or restore elsewhere.",
  },
  SERVICE_FAILED: { meaning: "systemd did not do what was asked.", remedy: "See the line, and the unit's journal." },
  SERVICE_MANAGER_MISSING: {
    meaning: "systemd does not run here.",
    remedy: "Print the unit with `--print`, or use a container: [operations.md](operations.md).",
  },
  SERVICE_UNKNOWN: {
    meaning: "No such unit was installed.",
    remedy: "Give the `--name` and `--user-unit` that it was installed with.",
  },
  UNIT_PATH_INVALID: {
    meaning: "A path cannot stand in a systemd unit.",
    remedy: "Use one without spaces, quotes, `%` and `$`.",
  },
} as const satisfies ErrorEntries;
