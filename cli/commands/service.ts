import { existsSync, rmSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import { minerSettings } from "#miner/config.js";
import { keyFolderOf } from "#shared/chain/writer/key-lock.js";
import { environmentIn } from "#shared/cli/environment-file.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { loadConfig } from "#shared/config/load.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { type Account, accountOf, inHomeOf } from "#upkeep/service/account.js";
import { lingers } from "#upkeep/service/lingers.js";
import { makeFolders } from "#upkeep/service/make-folders.js";
import { systemctl } from "#upkeep/service/systemctl.js";
import { type ServiceRole, temporaryPaths, type UnitOptions, unitText } from "#upkeep/service/unit.js";
import { checkStaysUp, unitState } from "#upkeep/service/unit-state.js";
import { validatorSettings } from "#validator/config.js";

const roles: readonly ServiceRole[] = ["miner", "validator"];

interface Common {
  readonly role: ServiceRole;
  readonly name?: string;
  readonly userUnit?: boolean;
  readonly json?: boolean;
}

interface InstallOptions extends Common {
  readonly config: string;
  readonly user?: string;
  readonly print?: boolean;
  readonly start: boolean;
}

const common = (command: Command): Command =>
  command
    .addOption(new Option("--role <role>", "the program").choices(roles).makeOptionMandatory())
    .option("--name <name>", "the unit's name; unset: blockzero-ROLE", unitName)
    .option("--user-unit", "a unit of the user's own manager, as without root");

const install: CommandSpec = {
  name: "install",
  description: "keep a miner or a validator up with systemd: writes a hardened unit, and starts it",
  examples: [
    "blockzero service install --role miner --config /etc/blockzero/miner.yaml --user blockzero",
    "blockzero service install --role validator --config validator.yaml --user-unit",
    "blockzero service install --role miner --config miner.yaml --print",
  ],
  define: (command) => {
    common(command)
      .requiredOption("--config <file>", "the program's YAML file")
      .option("--user <user>", "the system's user that it runs as; unset: the current one")
      .option("--print", "print the unit, and install nothing")
      .option("--no-start", "install it, and start nothing")
      .option(...JSON_FLAG)
      .action(async ({ print = false, start, json = false, ...options }: InstallOptions) => {
        const planned = planOf(options);
        const text = unitText(planned);
        if (print) {
          tellTemporary(planned);
          return json ? printJson({ unit: text }) : console.log(text.trimEnd());
        }
        const account = planned.user === undefined ? undefined : ownerOf(planned.user);
        const own = options.userUnit === true;
        const manager = systemctl(own);
        // Asked first, so that nothing is left where no systemd runs.
        await manager("show", "--property=Version");
        tellTemporary(planned);
        const { unit, file } = placeOf(options);
        makeFolders(planned.writable, account, planned.store);
        writeUnit(file, text);
        await manager("daemon-reload");
        await manager("enable", ...(start ? ["--now"] : []), unit);
        if (own) await tellLinger();
        const logs = `journalctl ${own ? "--user " : ""}-fu ${unit}`;
        if (start) await checkStaysUp(manager, unit, logs);
        if (json) printJson({ unit, file, started: start });
        else
          printFields({
            unit,
            file,
            next: `${start ? "" : `systemctl ${own ? "--user " : ""}start ${unit}; `}${logs}`,
          });
      });
  },
};

const STATUS = [
  "LoadState",
  "ActiveState",
  "SubState",
  "MainPID",
  "NRestarts",
  "ExecMainStatus",
  "ActiveEnterTimestamp",
] as const;

const status: CommandSpec = {
  name: "status",
  description: "say how an installed program is; exit status 1 where it does not run",
  examples: ["blockzero service status --role miner"],
  define: (command) => {
    common(command)
      .option(...JSON_FLAG)
      .action(async ({ json = false, ...options }: Common) => {
        const { unit } = placeOf(options);
        const found = await unitState(systemctl(options.userUnit === true), unit, STATUS);
        if (json) printJson({ unit, ...found });
        else printFields({ unit, ...found });
        process.exitCode = found.ActiveState === "active" ? 0 : 1;
      });
  },
};

const uninstall: CommandSpec = {
  name: "uninstall",
  description: "stop an installed program and delete its unit; its files and keys stay",
  examples: ["blockzero service uninstall --role miner"],
  define: (command) => {
    common(command)
      .option(...JSON_FLAG)
      .action(async ({ json = false, ...options }: Common) => {
        const manager = systemctl(options.userUnit === true);
        const { unit, file } = placeOf(options);
        if (!existsSync(file))
          throw new BlockZeroError(
            "SERVICE_UNKNOWN",
            `there is no ${file}`,
            "give the --name and --user-unit that it was installed with",
          );
        await manager("disable", "--now", unit);
        rmSync(file, { force: true });
        await manager("daemon-reload");
        if (json) printJson({ unit, deleted: file });
        else printFields({ unit, deleted: file });
      });
  },
};

export const service: CommandGroup = {
  name: "service",
  description: "keep a program up with systemd",
  commands: [install, status, uninstall],
};

interface Planned extends UnitOptions {
  /** The folder of a `directory` store. */
  readonly store: string | undefined;
}

/** The unit of a configuration as the program will read it: in its folder, and with the home of its user. */
const planOf = ({ role, config: file, user, userUnit = false }: Omit<InstallOptions, "start">): Planned => {
  const folder = dirname(resolve(file));
  const runsAs = userUnit ? undefined : (user ?? userInfo().username);
  const config = inHomeOf(runsAs === undefined ? undefined : accountOf(runsAs), () =>
    loadConfig(role === "miner" ? minerSettings : validatorSettings, {
      file,
      others: { ...minerSettings, ...validatorSettings },
      // As the program will: it is started in that folder, with nothing else in its environment.
      env: environmentIn(folder),
      flags: {},
    }),
  );
  const { wallet } = config;
  const store = config.store.kind === "directory" ? resolve(folder, config.store.path) : undefined;
  return {
    role,
    node: process.execPath,
    program: fileURLToPath(new URL(`../../${role}/main.js`, import.meta.url)),
    config: resolve(file),
    folder,
    writable: [
      resolve(folder, config.checkpoint_dir),
      resolve(folder, keyFolderOf({ ...wallet, path: resolve(folder, wallet.path) })),
      ...(store === undefined ? [] : [store]),
    ],
    store,
    read: pathsIn(config),
    user: runsAs,
    devices: config.device !== "cpu",
  };
};

const tellTemporary = (planned: UnitOptions): void => {
  const [path] = temporaryPaths(planned);
  if (path === undefined) return;
  console.error(
    `${path} is among the machine's temporary files, which go at its next start${planned.user === undefined ? "" : "; so that the program sees them the unit has PrivateTmp=no"} → keep configuration and homes elsewhere, such as in /etc and /var/lib`,
  );
};

const tellLinger = async (): Promise<void> => {
  const { username } = userInfo();
  if (!(await lingers(username)))
    console.error(`it stops when ${username} logs out → once: loginctl enable-linger ${username}`);
};

/** Absolute paths in a configuration, those of sockets included. Others begin in its folder. */
const pathsIn = (value: unknown): readonly string[] => {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(pathsIn);
  if (typeof value !== "string") return [];
  const path = value.replace(/^unix:\/\//, "");
  return isAbsolute(path) ? [path] : [];
};

/** @throws BlockZeroError SERVICE_FAILED for a user whom systemd could not start the program as */
const ownerOf = (user: string): Account => {
  const account = accountOf(user);
  if (account !== undefined) return account;
  throw new BlockZeroError(
    "SERVICE_FAILED",
    `the system has no user ${JSON.stringify(user)}`,
    `correct --user, or make that user: useradd --system --create-home ${user}`,
  );
};

const placeOf = ({ role, name = `blockzero-${role}`, userUnit = false }: Common) => {
  const unit = `${name}.service`;
  return { unit, file: join(userUnit ? join(homedir(), ".config/systemd/user") : "/etc/systemd/system", unit) };
};

const writeUnit = (file: string, text: string): void => {
  try {
    ensureFolderSync(dirname(file));
    writeFileAtomic(file, text, 0o644);
  } catch (cause) {
    throw new BlockZeroError("FILE_UNWRITABLE", `${file}: ${reasonOf(cause)}`, "run it as root, or give --user-unit", {
      cause,
    });
  }
};

const unitName = (text: string): string => {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be letters, digits, . _ and -.");
};
