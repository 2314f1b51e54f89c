import { createHash } from "node:crypto";
import { join } from "node:path";
import { stringify } from "yaml";
import type { MinerConfig } from "#miner/config.js";
import type { Beacon } from "#shared/chain/timelock/beacon.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import { UNITS_PER_TOKEN } from "#shared/util/tokens.js";
import { createColdkey, createHotkey } from "#shared/wallet/index.js";
import type { LocalnetOptions } from "./options.js";
import { type ParticipantSettings, withSettings } from "./participant-settings.js";
import { computeFor } from "./sprint.js";
import { TRAINING } from "./training.js";

export type Behaviour = MinerConfig["behaviour"];
/** Behaviours that cheat with updates: `padder` cheats in Sprints alone. */
export type Cheater = Exclude<Behaviour, "honest" | "padder">;

/** One participant of the localnet: a hotkey, a program, a port. */
export interface LocalnetParticipant {
  readonly name: string;
  readonly program: "miner" | "validator";
  readonly group?: string;
  readonly behaviour: Behaviour | "validator";
  readonly stake: bigint;
  /** Loopback address that it serves on. */
  readonly address: string;
  readonly port: number;
  /** Loopback port of its metrics. */
  readonly metricsPort: number;
  readonly signer: Signer;
}

type Role = Omit<LocalnetParticipant, "address" | "port" | "metricsPort" | "signer">;

/** Validators of unequal stake, honest miners in each group, one cheater in the first, if any, and one that pads in Sprints in the last. */
export const roles = (
  groups: readonly string[],
  { cheater, validators, miners, sprint }: Pick<LocalnetOptions, "cheater" | "validators" | "miners" | "sprint">,
): readonly Role[] => [
  ...Array.from({ length: validators }, (_, i): Role => {
    const stake = BigInt(12_000 - 2_000 * i) * UNITS_PER_TOKEN;
    return { name: `validator-${i + 1}`, program: "validator", behaviour: "validator", stake };
  }),
  ...groups.flatMap((group) =>
    Array.from({ length: miners }, (_, i): Role => {
      return { name: `${group}-${i + 1}`, program: "miner", group, behaviour: "honest", stake: 0n };
    }),
  ),
  ...(cheater === "none"
    ? []
    : [{ name: "cheater", program: "miner", group: groups[0]!, behaviour: cheater, stake: 0n } as const]),
  ...(sprint
    ? [{ name: "padder", program: "miner", group: groups.at(-1)!, behaviour: "padder", stake: 0n } as const]
    : []),
];

/** Name of the localnet's wallet. Its hotkeys come from the seed, so two runs have the same addresses. */
export const WALLET = "localnet";

export const createLocalnetHotkey = (wallets: string, seed: string, name: string): Promise<Signer> =>
  createHotkey(
    { path: wallets, name: WALLET, hotkey: name },
    { seed: createHash("sha256").update(`blockzero localnet ${seed} ${name}`).digest() },
  );

/** The coldkey of the localnet's wallet. It owns the subnet if the chain has coldkeys. */
export const createLocalnetColdkey = (wallets: string, seed: string): Promise<Signer> =>
  createColdkey(
    { path: wallets, name: WALLET },
    { seed: createHash("sha256").update(`blockzero localnet ${seed} coldkey`).digest() },
  );

/** What all participants have in common. */
export interface LocalnetEnv {
  readonly home: string;
  readonly endpoint: string;
  readonly netuid: number;
  readonly seed: number;
  readonly beacon: Beacon | undefined;
  /** Of the network's Sprints, if it has them. */
  readonly profile: Sprint["profile"];
  /** What miners' settings differ in from the localnet's own. */
  readonly training: Partial<typeof TRAINING>;
  /** Cycles whose files each participant keeps. */
  readonly keepCycles: number;
  readonly settings: ParticipantSettings;
}

/** The YAML configuration of a participant's program. It is kept in the home, so the program can also be run by hand. */
export const participantConfig = (
  participant: LocalnetParticipant,
  { home, endpoint, netuid, seed, beacon, profile, training, keepCycles, settings }: LocalnetEnv,
): string =>
  stringify(
    withSettings(
      {
        chain_endpoint: endpoint,
        netuid,
        wallet: { name: WALLET, hotkey: participant.name, path: join(home, "wallets") },
        checkpoint_dir: join(home, "players", participant.name),
        checkpoint_keep_top_k: keepCycles,
        device: "cpu",
        threads: 1,
        listen: { host: participant.address, port: participant.port },
        allow_private_addresses: true,
        metrics: { listen: `127.0.0.1:${participant.metricsPort}` },
        log: { format: "json" },
        ...(participant.program === "validator" &&
          beacon && {
            drand: { public_key: beacon.publicKey, genesis_time: beacon.genesisTime, period: beacon.period },
          }),
        ...(participant.program === "miner" && {
          expert_group: participant.group,
          behaviour: participant.behaviour,
          seed,
          ...TRAINING,
          compute: computeFor(profile),
          ...training,
        }),
      },
      settings,
      participant.name,
    ),
  );
