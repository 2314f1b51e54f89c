import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { audit } from "./commands/audit.js";
import { chain } from "./commands/chain.js";
import { devchain } from "./commands/devchain.js";
import { genesis } from "./commands/genesis.js";
import { localnet } from "./commands/localnet.js";
import { metagraph } from "./commands/metagraph.js";
import { model } from "./commands/model.js";
import { network } from "./commands/network.js";
import { phase } from "./commands/phase.js";
import { publish } from "./commands/publish.js";
import { register } from "./commands/register.js";
import { rewards } from "./commands/rewards.js";
import { subnet } from "./commands/subnet.js";
import { subtensorNode } from "./commands/subtensor-node.js";
import { wallet } from "./commands/wallet.js";

/** The owner's commands, in the order of their help. */
export const commands: readonly (CommandSpec | CommandGroup)[] = [
  localnet,
  wallet,
  devchain,
  subtensorNode,
  subnet,
  register,
  metagraph,
  chain,
  genesis,
  publish,
  model,
  network,
  phase,
  audit,
  rewards,
];
