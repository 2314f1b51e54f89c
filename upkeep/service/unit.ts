import { isAbsolute } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";

export type ServiceRole = "miner" | "validator";

export interface UnitOptions {
  readonly role: ServiceRole;
  /** Absolute paths: Node, the program's main module, the configuration, and the folder in which the program works. */
  readonly node: string;
  readonly program: string;
  readonly config: string;
  readonly folder: string;
  /** Folders that the program writes to: `checkpoint_dir`, keys in use, a store of its own. */
  readonly writable: readonly string[];
  /** Other paths that the program is given. */
  readonly read?: readonly string[];
  /** The system's user; undefined for a unit of the user's own manager. */
  readonly user?: string | undefined;
  /** Whether the program uses a graphics card. */
  readonly devices: boolean;
}

/** Seconds for a program to leave in order: it ends what it is writing, and closes its servers. */
const STOP_SECONDS = 60;

/** Seconds after which a program that ended is started again. */
export const RESTART_SECONDS = 15;

/** Whether a path lies where a unit with PrivateTmp sees an empty folder of its own. */
const isTemporary = (path: string): boolean => /^(\/var)?\/tmp(\/|$)/.test(path);

/** Those of a unit's paths that lie among the machine's temporary files: they go at its next start, if not before. */
export const temporaryPaths = ({
  node,
  program,
  config,
  folder,
  writable,
  read = [],
}: UnitOptions): readonly string[] => [
  ...new Set([config, folder, ...writable, ...read, node, program].filter(isTemporary)),
];

/**
 * A systemd unit that keeps a program up and gives it nothing that it does not need. Of the sandbox one thing is left out on purpose:
 * MemoryDenyWriteExecute, since V8 compiles at run time. A unit whose own files are temporary ones shares those of the machine: it would not see
 * them.
 *
 * A unit of a user's own manager has only what needs no rights, which is what filters of system calls do: systemd before 253 ends one that
 * is to give up capabilities or to see other mounts with status 218 or 226.
 *
 * @throws BlockZeroError UNIT_PATH_INVALID for a path that systemd would read otherwise
 */
export const unitText = (options: UnitOptions): string => {
  const { role, node, program, config, folder, writable, user } = options;
  for (const path of [node, program, config, folder, ...writable]) checkPath(path);
  const isSystem = user !== undefined;
  return `${[
    "[Unit]",
    `Description=BlockZero ${role}`,
    // A user's manager knows no such target.
    ...(isSystem ? ["Wants=network-online.target", "After=network-online.target"] : []),
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    `ExecStart=${node} ${program} --config ${config}`,
    `WorkingDirectory=${folder}`,
    ...(isSystem ? [`User=${user}`] : []),
    "Restart=always",
    `RestartSec=${RESTART_SECONDS}`,
    "KillSignal=SIGTERM",
    `TimeoutStopSec=${STOP_SECONDS}`,
    "SuccessExitStatus=130 143",
    "LimitNOFILE=65536",
    "UMask=0077",
    "",
    "NoNewPrivileges=yes",
    ...(isSystem ? sandbox(options) : []),
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @mount",
    "SystemCallErrorNumber=EPERM",
    "",
    "[Install]",
    `WantedBy=${isSystem ? "multi-user.target" : "default.target"}`,
  ].join("\n")}\n`;
};

/** What only the system's manager can do: without capabilities, and with mounts of its own. */
const sandbox = (options: UnitOptions): readonly string[] => {
  const { writable, devices } = options;
  const sharesTmp = temporaryPaths(options).length > 0;
  return [
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    // Whose temporary folders are the machine's may write into them, as into their own: everything else is read-only.
    `ReadWritePaths=${[...new Set([...writable, ...(sharesTmp ? ["/tmp", "/var/tmp"] : [])])].join(" ")}`,
    `PrivateTmp=${sharesTmp ? "no" : "yes"}`,
    `PrivateDevices=${devices ? "no" : "yes"}`,
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
    "RemoveIPC=yes",
  ];
};

/** `%` is a specifier to systemd, a quote, a backslash, a `$` and white space part words. */
const checkPath = (path: string): void => {
  if (isAbsolute(path) && !/[\s%"'\\$]/.test(path)) return;
  throw new BlockZeroError(
    "UNIT_PATH_INVALID",
    `${JSON.stringify(path)} cannot stand in a systemd unit`,
    "use a path without spaces, quotes, % and $",
  );
};
