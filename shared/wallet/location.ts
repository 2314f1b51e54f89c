import { join, resolve } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { homeFolder } from "#shared/files/home-folder.js";

/** A wallet: one coldkey and its hotkeys, `<path>/<name>`, as Bittensor's wallets have it. */
export interface WalletLocation {
  /** Default `~/.bittensor/wallets`; a leading `~` is the home folder. */
  readonly path?: string;
  readonly name: string;
}

/** A hotkey of a wallet, `<path>/<name>/hotkeys/<hotkey>`. */
export interface HotkeyLocation extends WalletLocation {
  readonly hotkey: string;
}

/** The folder of wallets: `~/.bittensor/wallets` unless given; a leading `~` is the home folder. */
export const walletsFolder = (path = "~/.bittensor/wallets"): string => path.replace(/^~(?=$|[\\/])/, homeFolder);

/** @throws BlockZeroError WALLET_NAME_INVALID, as all below */
export const walletFolder = ({ path, name }: WalletLocation): string =>
  join(walletsFolder(path), plainName(name, "the wallet's name"));

export const coldkeyFile = (location: WalletLocation): string => join(walletFolder(location), "coldkey");
export const coldkeyPubFile = (location: WalletLocation): string => join(walletFolder(location), "coldkeypub.txt");
export const hotkeysFolder = (location: WalletLocation): string => join(walletFolder(location), "hotkeys");
export const hotkeyFile = (location: HotkeyLocation): string =>
  join(hotkeysFolder(location), plainName(location.hotkey, "the hotkey's name"));
export const hotkeyPubFile = (location: HotkeyLocation): string => `${hotkeyFile(location)}${PUBLIC_SUFFIX}`;

/** What the public half of a hotkey's file is called after its name. */
export const PUBLIC_SUFFIX = "pub.txt";

/** The `--wallet.…` flags that name a location on a command line. */
export const walletFlags = ({ path, name, hotkey }: WalletLocation & { readonly hotkey?: string }): string =>
  [
    `--wallet.name ${name}`,
    ...(hotkey === undefined ? [] : [`--wallet.hotkey ${hotkey}`]),
    ...(path === undefined || isDefaultFolder(path) ? [] : [`--wallet.path ${path}`]),
  ].join(" ");

/** A user without a home folder has no default. */
const isDefaultFolder = (path: string): boolean => {
  try {
    return resolve(walletsFolder(path)) === resolve(walletsFolder());
  } catch {
    return false;
  }
};

/** Whether a folder's entry can be a wallet or a hotkey; what others leave there, as a half-written file, cannot. */
export const isPlainName = (name: string): boolean => /^\w[\w.-]*$/.test(name);

const plainName = (name: string, what: string): string => {
  if (isPlainName(name)) return name;
  // Not quoted: words or a password that were given as a name by mistake go no further.
  throw new BlockZeroError(
    "WALLET_NAME_INVALID",
    name === ""
      ? `${what} is empty`
      : `${what} cannot be used: character ${1 + name.search(/^\W|[^\w.-]/)} is not allowed`,
    "use letters, digits, . _ - and begin with a letter or a digit",
  );
};
