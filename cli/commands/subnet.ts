import { type Command, Option } from "commander";
import { sudoCalls } from "#owner/chain/development.js";
import { subnetParameters } from "#owner/chain/epoch.js";
import { payerOf } from "#owner/chain/payment.js";
import { changeParameters, isDevelopment, registerNetwork, startSubnet, sudoOn } from "#owner/chain/subtensor-owner.js";
import type { NetworkTemplate } from "#owner/network/network-template.js";
import type { Chain } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import type { DevchainClient } from "#shared/chain/devchain/client.js";
import type { SubtensorChain } from "#shared/chain/subtensor/connect.js";
import { isSubtensor } from "#shared/chain/subtensor/ownership.js";
import { isRejected } from "#shared/chain/writer/chain-rejected.js";
import { keyFolderOf } from "#shared/chain/writer/key-lock.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_AMOUNTS_FLAG, JSON_FLAG, printJson } from "#shared/cli/json.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandGroup, type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { amountText } from "#shared/cli/tokens.js";
import { addFlags } from "#shared/config/flags.js";
import { defineConfig } from "#shared/config/settings.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { hotkeyAddress, openSigner, type WalletSettings } from "#shared/signing/open-signer.js";
import {
  type CheckpointOptions,
  checkpointOptions,
  checkTemplateOptions,
  withTemplate,
} from "../genesis/template-of.js";
import { subnetSettings, writerSettings } from "../settings.js";

const settings = defineConfig({ ...subnetSettings, ...writerSettings });

interface CreateOptions extends CheckpointOptions {
  readonly network: string;
  readonly tempo?: number;
  readonly json?: boolean;
}

const create: CommandSpec = {
  name: "create",
  description:
    "create a subnet: on a devchain through its sudo key, owned by the wallet's hotkey; on subtensor its coldkey pays and owns it, and the chain chooses the number",
  examples: [
    "blockzero subnet create --network configs/localnet/network.yaml --wallet.name main --wallet.hotkey owner",
    "blockzero subnet create --chain_endpoint test --network network.yaml --wallet.name main --wallet.hotkey owner",
  ],
  define: (command) => {
    checkpointOptions(addFlags(command, settings))
      .requiredOption("--network <file>", "network template or file whose cycle the subnet's epochs follow")
      .option("--tempo <n>", "blocks between epochs, less one; unset: one epoch a cycle", wholeNumber(1, 65535))
      .option(...JSON_AMOUNTS_FLAG)
      .action(async (options: CreateOptions, own: Command) => {
        const { json = false } = options;
        checkTemplateOptions([options.network], options, own);
        const template = await withTemplate(options.network, options, shutdownSignal(), (read) => read);
        const parameters = subnetParameters(template);
        const wanted = { ...parameters, tempo: options.tempo ?? parameters.tempo };
        return onChain(options, async (chain, { netuid, wallet }) => {
          if (isSubtensor(chain)) return createOnSubtensor(chain, wallet, template, wanted, json);
          if (template.netuid !== netuid)
            throw new BlockZeroError(
              "NETUID_MISMATCH",
              `${options.network} is for subnet ${template.netuid}, not ${netuid}`,
              `give --netuid ${template.netuid}, or correct the template`,
            );
          return createOnDevchain(chain as DevchainClient, netuid, wallet, wanted, json);
        });
      });
  },
};

const start: CommandSpec = {
  name: "start",
  description:
    "let a subnet of subtensor take stake and pay emission: its owner's coldkey may, some time after its registration; waits for up to 25 blocks",
  examples: ["blockzero subnet start --chain_endpoint test --netuid 7 --wallet.name main --wallet.hotkey owner"],
  define: (command) => {
    addFlags(command, settings)
      .option(...JSON_FLAG)
      .action(({ json = false, ...options }: { readonly json?: boolean }) =>
        onChain(options, async (chain, { netuid, wallet }, signal) => {
          const onWait = (block: number) => console.error(`the chain takes it at block ${block}: waiting`);
          const started = isSubtensor(chain)
            ? await startSubnet(chain, netuid, { coldkey: await ownerOf(wallet), onWait, signal })
            : null;
          const block = started?.block ?? null;
          if (json) printJson({ netuid, startedAt: block });
          else printFields({ subnet: netuid, started: block === null ? "already" : `at block ${block}` });
        }),
      );
  },
};

interface SetOptions {
  readonly commitReveal?: "on" | "off";
  readonly revealPeriod?: number;
  readonly servingRateLimit?: number;
  readonly json?: boolean;
}

const set: CommandSpec = {
  name: "set",
  description:
    "change what a subnet's owner may change: on subtensor with its coldkey, on a devchain through the sudo key",
  examples: ["blockzero subnet set --commit-reveal on --reveal-period 1 --netuid 7 --wallet.name main"],
  define: (command) => {
    addFlags(command, settings)
      .addOption(new Option("--commit-reveal <switch>", "whether weights are committed first").choices(["on", "off"]))
      .option("--reveal-period <n>", "epochs between commitment and revelation", wholeNumber(1, 100))
      .option("--serving-rate-limit <n>", "blocks between two announcements of an axon", wholeNumber(0))
      .option(...JSON_FLAG)
      .action(({ commitReveal, revealPeriod, servingRateLimit, json = false, ...options }: SetOptions) =>
        onChain(options, async (chain, { netuid, wallet }) => {
          const change = {
            ...(commitReveal !== undefined && { commitReveal: commitReveal === "on" }),
            ...(revealPeriod !== undefined && { revealPeriod }),
            ...(servingRateLimit !== undefined && { servingRateLimit }),
          };
          if (Object.keys(change).length === 0)
            throw new BlockZeroError("USAGE", "nothing to change was given", "give --commit-reveal, say");
          if (isSubtensor(chain)) await changeParameters(chain, netuid, change, await ownerOf(wallet));
          else await sudoCalls(chain as DevchainClient, [{ name: "setHyperParameters", args: { netuid, change } }]);
          const { weightsMode, revealPeriod: period, servingRateLimit: limit } = await chain.hyperParameters(netuid);
          if (json) return printJson({ netuid, weightsMode, revealPeriod: period, servingRateLimit: limit });
          printFields({
            subnet: netuid,
            weights: weightsMode === "plain" ? "in the clear" : `committed first (${weightsMode})`,
            "reveal period": `${period} epochs`,
            axons: `every ${limit} blocks`,
          });
        }),
      );
  },
};

export const subnet: CommandGroup = {
  name: "subnet",
  description: "make a subnet, start it, and change what its owner may",
  commands: [create, start, set],
};

type Place = ReturnType<typeof settingsAmong<typeof settings>>;

const onChain = async (
  options: object,
  work: (chain: Chain, place: Place, signal: AbortSignal) => Promise<void>,
): Promise<void> => {
  const signal = shutdownSignal();
  const place = settingsAmong(settings, options);
  const keyFolder = keyFolderOf(place.wallet);
  const chain = await connectChain({ endpoint: place.chain_endpoint, signal, keyFolder });
  try {
    await work(chain, place, signal);
  } finally {
    await chain.close();
  }
};

/** The coldkey that owns what the wallet's hotkey is for. */
const ownerOf = async (wallet: WalletSettings) => payerOf(wallet, await openSigner(wallet));

type Wanted = ReturnType<typeof subnetParameters>;

const createOnDevchain = async (
  chain: DevchainClient,
  netuid: number,
  wallet: WalletSettings,
  hyperParameters: Wanted,
  json: boolean,
): Promise<void> => {
  const owner = await hotkeyAddress(wallet);
  const present = await ownerHotkeyOf(chain, netuid);
  if (present !== null && present !== owner)
    throw new BlockZeroError(
      "SUBNET_EXISTS",
      `subnet ${netuid} exists already and belongs to ${present}`,
      "choose another --netuid, or use its owner's wallet",
    );
  if (present === null)
    await sudoCalls(chain, [{ name: "createSubnet", args: { netuid, ownerHotkey: owner, hyperParameters } }]);
  const { tempo } = await chain.hyperParameters(netuid);
  if (json) return printJson({ netuid, created: present === null, owner, epochLength: tempo + 1 });
  printFields({
    subnet: present === null ? netuid : `${netuid} (existed already)`,
    owner,
    epoch: `every ${tempo + 1} blocks`,
  });
};

/** Where the sudo key is everybody's, it does what on a live chain nobody can: lifts the limit on networks, and fits epochs to cycles. */
const createOnSubtensor = async (
  chain: SubtensorChain,
  wallet: WalletSettings,
  template: NetworkTemplate,
  wanted: Wanted,
  json: boolean,
): Promise<void> => {
  const hotkey = await openSigner(wallet);
  const coldkey = await payerOf(wallet, hotkey);
  const isOurs = await isDevelopment(chain);
  if (isOurs) await sudoOn(chain, [["adminUtils", "sudoSetNetworkRateLimit", 0]]);
  const { netuid, cost } = await registerNetwork(chain, hotkey.address, coldkey);
  if (isOurs)
    await sudoOn(chain, [
      ["adminUtils", "sudoSetTempo", netuid, wanted.tempo],
      ["adminUtils", "sudoSetWeightsSetRateLimit", netuid, wanted.weightsRateLimit],
      ["adminUtils", "sudoSetMaxRegistrationsPerBlock", netuid, wanted.maxRegistrationsPerBlock],
      ["adminUtils", "sudoSetTargetRegistrationsPerInterval", netuid, wanted.targetRegistrationsPerInterval],
    ]);
  const { epochLength, weightsRateLimit } = await chain.hyperParameters(netuid);
  const cycle = cycleLength(template.phases);
  if (json)
    return printJson({
      netuid,
      created: true,
      owner: hotkey.address,
      coldkey: coldkey.address,
      cost,
      epochLength,
      weightsRateLimit,
      cycleLength: cycle,
      cycleTooShort: cycle <= weightsRateLimit,
    });
  printFields({
    subnet: netuid,
    owner: hotkey.address,
    coldkey: coldkey.address,
    cost: amountText(cost),
    epoch: `every ${epochLength} blocks`,
    weights: `every ${weightsRateLimit} blocks`,
    cycle:
      cycle > weightsRateLimit
        ? `${cycle} blocks`
        : `${cycle} blocks: TOO SHORT, validators would miss weights; make it longer than ${weightsRateLimit}`,
    next: `blockzero subnet start --netuid ${netuid}, and netuid: ${netuid} in the network template`,
  });
};

/** Hotkey of the subnet's owner, or null where there is no such subnet. */
const ownerHotkeyOf = async (chain: Chain, netuid: number): Promise<string | null> => {
  try {
    return (await chain.metagraph(netuid)).ownerHotkey;
  } catch (thrown) {
    if (isRejected(thrown, "SubNetworkDoesNotExist")) return null;
    throw thrown;
  }
};
