import { existsSync } from "node:fs";
import type { Command } from "commander";
import { ARCHIVE_FORMS } from "#shared/blobs/store-setting.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { SubnetLocation } from "#shared/subnet/open-subnet.js";

/** Where a command finds the subnet that it looks at. */
export interface SubnetOptions {
  readonly home?: string;
  readonly chain?: string;
  readonly netuid?: number;
  readonly allowPrivateAddresses?: boolean;
}

/** The home that `blockzero localnet` makes. */
const LOCALNET = ".blockzero/localnet";

/** Adds the options that say where. */
export const subnetOptions = (
  command: Command,
  home = "a localnet's home, or beside --chain that of any participant",
): Command =>
  command
    .option("--home <dir>", `${home}; unset: ${LOCALNET}, or with --chain none`)
    .option(
      "--chain_endpoint, --chain <url>",
      "a node's WebSocket URL or a network's name; unset: only the home is looked at",
    )
    .option("--netuid <n>", "the subnet's number on that chain", wholeNumber(0, 65535))
    .option("--allow-private-addresses", "fetch from loopback and private addresses too");

/** Adds the option that names archives beside these. */
export const archiveOption = (command: Command): Command =>
  command.option(
    "--store <store>",
    `an archive to look in as well, once or more, as a participant's setting names it: ${ARCHIVE_FORMS}`,
    (store: string, others: readonly string[] = []) => [...others, store],
  );

/**
 * What `openSubnet` takes of them.
 *
 * @throws BlockZeroError HOME_MISSING where nothing was said and no localnet is here, USAGE for a subnet of no chain
 */
export const locationFrom = ({
  home,
  chain,
  netuid,
  allowPrivateAddresses = process.env.BLOCKZERO_ALLOW_PRIVATE_ADDRESSES === "true",
}: SubnetOptions): Pick<SubnetLocation, "home" | "chain" | "netuid" | "allowPrivateAddresses"> => {
  if (netuid !== undefined && chain === undefined)
    throw new BlockZeroError("USAGE", `--netuid ${netuid} is a subnet of no chain`, "name the chain, or leave it out");
  return {
    home: home ?? (chain === undefined ? localnetHome() : undefined),
    chain,
    netuid,
    allowPrivateAddresses,
  };
};

/** The localnet's home of this folder. @throws BlockZeroError HOME_MISSING */
const localnetHome = (): string => {
  if (existsSync(LOCALNET)) return LOCALNET;
  throw new BlockZeroError(
    "HOME_MISSING",
    `there is no ${LOCALNET} to look at`,
    "run `blockzero localnet`, or give --home, or --chain and --netuid",
  );
};
