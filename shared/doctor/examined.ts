import { join } from "node:path";
import type { Chain } from "#shared/chain/chain.js";
import type { Beacon } from "#shared/chain/timelock/beacon.js";
import type { DeviceChoice } from "#shared/engine/runtime/device-choice.js";
import type { ParticipantConfig } from "#shared/participant/participant.js";
import type { Network } from "#shared/protocol/network.js";
import { hotkeyAddress } from "#shared/signing/open-signer.js";
import type { Machine } from "./machine.js";

/** What the checks read of a chain. */
export type ReadableChain = Pick<
  Chain,
  "genesisHash" | "head" | "metagraph" | "commitments" | "hyperParameters" | "pulse"
>;

/** What a program needs of a machine, in bytes. */
export interface Requirements {
  readonly memory: number;
  readonly disk: number;
}

/** A program's configuration and the machine that it is to run on. */
export interface Examined {
  readonly role: "miner" | "validator";
  readonly config: ParticipantConfig & { readonly device: DeviceChoice; readonly expert_group?: string | undefined };
  /** Credentials of stores and services. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly machine: Machine;
  /** The connection, made once. Throws what connecting throws. */
  readonly chain: () => Promise<ReadableChain>;
  /** The network file in force, read once. */
  readonly network: () => Promise<Network>;
  /** The beacon that the settings name. Undefined for a program that has none. */
  readonly beacon?: Beacon | undefined;
  /** What the program's work takes under a network file. Undefined where there is no plan for it. */
  readonly requirements?: ((network: Network) => Promise<Requirements>) | undefined;
}

/** The hotkey's home in `checkpoint_dir`; null where the wallet names no hotkey: another check says what it lacks. */
export const homeOf = async ({
  checkpoint_dir,
  wallet,
}: Pick<ParticipantConfig, "checkpoint_dir" | "wallet">): Promise<string | null> => {
  const address = await hotkeyAddress(wallet).catch(() => "");
  return address === "" ? null : join(checkpoint_dir, address);
};
