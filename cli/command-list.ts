import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";

export type Loaded = Promise<CommandSpec | CommandGroup>;

/**
 * The commands of `blockzero` but `completion`, which completes them, in the order of their help. Each brings in only what it needs; all of them take
 * a second to load.
 */
export const COMMANDS: Readonly<Record<string, Readonly<Record<string, () => Loaded>>>> = {
  "On this machine:": {
    localnet: async () => (await import("./commands/localnet.js")).localnet,
    devchain: async () => (await import("./commands/devchain.js")).devchain,
    "subtensor-node": async () => (await import("./commands/subtensor-node.js")).subtensorNode,
    wandb: async () => (await import("./commands/wandb.js")).wandb,
    trim: async () => (await import("./commands/trim.js")).trim,
  },
  "Keys and chain:": {
    wallet: async () => (await import("./commands/wallet.js")).wallet,
    signer: async () => (await import("./commands/signer.js")).signer,
    register: async () => (await import("./commands/register.js")).register,
    metagraph: async () => (await import("./commands/metagraph.js")).metagraph,
    chain: async () => (await import("./commands/chain.js")).chain,
  },
  "A subnet of one's own:": {
    subnet: async () => (await import("./commands/subnet.js")).subnet,
    data: async () => (await import("./commands/data.js")).data,
    seal: async () => (await import("./commands/seal.js")).seal,
    groups: async () => (await import("./commands/groups.js")).groups,
    genesis: async () => (await import("./commands/genesis.js")).genesis,
    publish: async () => (await import("./commands/publish.js")).publish,
    network: async () => (await import("./commands/network.js")).network,
    rewards: async () => (await import("./commands/rewards.js")).rewards,
  },
  "Over months:": {
    version: async () => (await import("./commands/version.js")).version,
    service: async () => (await import("./commands/service.js")).service,
    backup: async () => (await import("./commands/backup.js")).backup,
    restore: async () => (await import("./commands/restore.js")).restore,
  },
  "Look and check:": {
    doctor: async () => (await import("./commands/doctor.js")).doctor,
    gpu: async () => (await import("./commands/gpu.js")).gpu,
    compute: async () => (await import("./commands/compute.js")).compute,
    phase: async () => (await import("./commands/phase.js")).phase,
    model: async () => (await import("./commands/model.js")).model,
    generate: async () => (await import("./commands/generate.js")).generate,
    eval: async () => (await import("./commands/eval.js")).evaluate,
    audit: async () => (await import("./commands/audit.js")).audit,
    explain: async () => (await import("./commands/explain.js")).explain,
    dashboard: async () => (await import("./commands/dashboard.js")).dashboard,
  },
};
