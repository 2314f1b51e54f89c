import type { WeightsMode } from "#shared/chain/chain.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import type { ListenAddress } from "#shared/telemetry/listen-address.js";
import type { UpcycledCheckpoint } from "#shared/training/upcycle.js";
import type { ParticipantSettings } from "./participant-settings.js";
import type { Supervised, supervise } from "./process.js";
import type { Cheater } from "./roles.js";
import type { TRAINING } from "./training.js";
import type { createView } from "./view.js";

export interface LocalnetOptions {
  /** Network template; its groups are the miners' groups. */
  readonly template: string;
  readonly home: string;
  readonly cycles: number;
  readonly seed: number;
  readonly cheater: Cheater | "none";
  /** 1 or 2. */
  readonly validators: number;
  /** Honest miners of each group. */
  readonly miners: number;
  /** A dense checkpoint to upcycle; unset: the genesis model is pretrained. */
  readonly checkpoint: UpcycledCheckpoint | undefined;
  /** What its miners' settings differ in from the localnet's own. */
  readonly training: Partial<typeof TRAINING>;
  /** Cycles whose files each participant keeps. */
  readonly keepCycles: number;
  /** What participants' settings differ in from the localnet's own. */
  readonly settings: ParticipantSettings;
  /** Stay up after the last cycle, until the signal aborts. */
  readonly keep: boolean;
  /** The file for the result as JSON. True: standard output, in place of the tables. */
  readonly json: string | true | undefined;
  /** Steps of the genesis model's pretraining, or of its routers'. */
  readonly genesisSteps: number;
  /** Milliseconds between blocks. Unset: the default of the chain. */
  readonly blockTime: number | undefined;
  /** How the subnet takes weights. */
  readonly weights: WeightsMode;
  /** Groups with endless text are evaluated on sealed pages. */
  readonly sealed: boolean;
  /** Miners show what they can compute in a Sprint each cycle, and one more of them pads its proofs. */
  readonly sprint: boolean;
  /** The Sprints' arithmetic. */
  readonly profile: Sprint["profile"];
  /** A Sprint in every second cycle, confirmed in the others. */
  readonly confirmations: boolean;
  /** A Sprint in every second cycle, upheld by proofs of idle time in the others. */
  readonly idle: boolean;
  /** Seeds of Sprints and scores are mixed with a threshold group's signature, in the place of sealed contributions. */
  readonly beaconGroup: boolean;
  /** Where its dashboard is served. Null: nowhere. */
  readonly dashboard: ListenAddress | null;
  /** WASM of the subtensor runtime to run. Unset: a devchain. */
  readonly runtime: string | undefined;
  readonly signal: AbortSignal;
}

/** Milliseconds within which the chain, and then the participants, must start: a guard against one that hangs, on a machine that does much else. */
export const READY_WITHIN_MS = 300_000;

/** What a part of the localnet may do to the whole run. */
export interface Stage {
  readonly view: ReturnType<typeof createView>;
  readonly onExit: (action: () => unknown) => void;
  readonly start: (spec: Parameters<typeof supervise>[0]) => Supervised;
}
