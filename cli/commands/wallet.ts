import type { CommandGroup } from "#shared/cli/program.js";
import { create } from "./wallet/create.js";
import { importKey } from "./wallet/import.js";
import { list } from "./wallet/list.js";
import { show } from "./wallet/show.js";

export const wallet: CommandGroup = {
  name: "wallet",
  description: "make, import and look at Bittensor wallets: a coldkey that owns, hotkeys that mine and validate",
  commands: [create, importKey, list, show],
};
