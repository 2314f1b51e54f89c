import type { Chain } from "#shared/chain/chain.js";
import type { participantSettings } from "#shared/config/common.js";
import type { Config } from "#shared/config/settings.js";
import type { Network } from "#shared/protocol/network.js";
import type { VrfSigner } from "#shared/protocol/signer.js";
import type { Log } from "#shared/telemetry/log.js";
import type { Telemetry } from "#shared/telemetry/telemetry.js";
import type { AgreedModels } from "./agreement/agreed-model.js";
import type { BlockClock } from "./block-clock.js";
import type { Blobs } from "./files/blobs.js";
import type { Embargo } from "./files/embargo.js";
import type { commitOnce } from "./writes/commit-once.js";

export type ParticipantConfig = Config<typeof participantSettings>;

/** What a miner and a validator have in common: a hotkey's connection to a subnet. */
export interface Participant {
  readonly chain: Chain;
  readonly clock: BlockClock;
  readonly signer: VrfSigner;
  /** Its uid when it joined: who is registered again meanwhile has another. */
  readonly uid: number;
  /** The block at whose head it joined. */
  readonly since: number;
  readonly network: Network;
  readonly networkHash: string;
  readonly blobs: Blobs;
  readonly embargo: Embargo;
  readonly models: AgreedModels;
  /** Origin of this participant's blob server, as written in records. */
  readonly location: string;
  /** Folder of what this hotkey remembers under this network file and those that it succeeds: `<home>/<network>` of docs/architecture.md. */
  readonly home: string;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** Aborts when the work that this participant is given to is over: a duty, or all of `presence`. */
  readonly signal: AbortSignal;
  /** Aborts when the program leaves the network. For what goes on after a duty. */
  readonly presence: AbortSignal;
  /** Puts a record on chain once, inside its window. @returns the block that included it */
  commitOnce(record: Parameters<typeof commitOnce>[1]): Promise<number>;
  leave(): Promise<void>;
}
