import { createHash } from "node:crypto";
import { join } from "node:path";
import { stringify } from "yaml";
import type { MinerConfig } from "#miner/config.js";
import type { Signer } from "#shared/chain/chain.js";
import { createHotkey } from "#shared/chain/wallet.js";

export type Behaviour = MinerConfig["behaviour"];
export type Cheater = Exclude<Behaviour, "honest">;

/** One participant of the localnet: a hotkey, a program, a port. */
export interface Player {
  readonly name: string;
  readonly program: "miner" | "validator";
  readonly group?: string;
  readonly behaviour: Behaviour | "validator";
  readonly stake: bigint;
  readonly port: number;
  readonly signer: Signer;
}

type Role = Omit<Player, "port" | "signer">;

const TOKEN = 1_000_000_000n;

/** Two validators of unequal stake, two honest miners in each group, and one cheater in the first. */
export const roles = (groups: readonly string[], cheater: Cheater): readonly Role[] => [
  { name: "validator-1", program: "validator", behaviour: "validator", stake: 12_000n * TOKEN },
  { name: "validator-2", program: "validator", behaviour: "validator", stake: 10_000n * TOKEN },
  ...groups.flatMap((group) =>
    [1, 2].map((n): Role => ({ name: `${group}-${n}`, program: "miner", group, behaviour: "honest", stake: 0n })),
  ),
  { name: "cheater", program: "miner", group: groups[0]!, behaviour: cheater, stake: 0n },
];

/** The localnet's wallet, whose hotkeys come from the seed, so that two runs have the same addresses. */
export const WALLET = "localnet";

export const createPlayerHotkey = (wallets: string, seed: string, name: string): Promise<Signer> =>
  createHotkey({
    path: wallets,
    name: WALLET,
    hotkey: name,
    seed: createHash("sha256").update(`blockzero localnet ${seed} ${name}`).digest(),
  });

/**
 * How the localnet's miners train. A young model and short cycles want a higher rate than a real run's 3e-5, yet one that moves the
 * experts only part of their way in a cycle: the outer momentum goes on in the same direction, and would overshoot.
 */
const TRAINING = {
  batch_size: 8,
  gradient_accumulation_steps: 1,
  learning_rate: 2.5e-4,
  warmup_steps: 5,
  max_steps: 100,
};

/** The YAML that a player's program is started with; it stands in the home, so the program can also be run by hand. */
export const playerConfig = (
  player: Player,
  { home, endpoint, netuid, seed }: { home: string; endpoint: string; netuid: number; seed: number },
): string =>
  stringify({
    chain_endpoint: endpoint,
    netuid,
    wallet: { name: WALLET, hotkey: player.name, path: join(home, "wallets") },
    checkpoint_dir: join(home, "players", player.name),
    checkpoint_keep_top_k: 1000,
    device: "cpu",
    threads: 1,
    listen: { host: "127.0.0.1", port: player.port },
    allow_private_addresses: true,
    log: { format: "json" },
    ...(player.program === "miner" && { expert_group: player.group, behaviour: player.behaviour, seed, ...TRAINING }),
  });
