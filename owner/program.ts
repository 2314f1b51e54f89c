import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";

type Loaded = Promise<CommandSpec | CommandGroup>;

/** The owner's commands, in the order of their help. Each brings in only what it needs; all of them take a second to load. */
const loaders: Readonly<Record<string, () => Loaded>> = {
  localnet: async () => (await import("./commands/localnet.js")).localnet,
  wallet: async () => (await import("./commands/wallet.js")).wallet,
  devchain: async () => (await import("./commands/devchain.js")).devchain,
  "subtensor-node": async () => (await import("./commands/subtensor-node.js")).subtensorNode,
  subnet: async () => (await import("./commands/subnet.js")).subnet,
  register: async () => (await import("./commands/register.js")).register,
  metagraph: async () => (await import("./commands/metagraph.js")).metagraph,
  chain: async () => (await import("./commands/chain.js")).chain,
  seal: async () => (await import("./commands/seal.js")).seal,
  genesis: async () => (await import("./commands/genesis.js")).genesis,
  publish: async () => (await import("./commands/publish.js")).publish,
  model: async () => (await import("./commands/model.js")).model,
  network: async () => (await import("./commands/network.js")).network,
  phase: async () => (await import("./commands/phase.js")).phase,
  audit: async () => (await import("./commands/audit.js")).audit,
  explain: async () => (await import("./commands/explain.js")).explain,
  rewards: async () => (await import("./commands/rewards.js")).rewards,
};

export const allCommands = (): Promise<readonly (CommandSpec | CommandGroup)[]> =>
  Promise.all(Object.values(loaders).map((load) => load()));

/** What a command line needs: the command that it names or, for help and for what names none, all. */
export const commandsFor = async (name = ""): Promise<readonly (CommandSpec | CommandGroup)[]> => {
  const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
  return load ? [await load()] : allCommands();
};
