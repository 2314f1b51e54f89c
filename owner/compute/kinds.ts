import type { HardwareClass } from "#shared/continuous/hardware-class.js";

/** Where a host's hardware is while nobody asks it to prove anything. */
export type Presence =
  /** Here, with its network loaded. */
  | "always"
  /** Nowhere: it is rented for the windows, and must be started and loaded. */
  | "rented"
  /** At other work, for which somebody else pays; it must only be loaded. */
  | "elsewhere";

/** What a host does with a task that it is on duty for. */
export type Verdicts = "honest" | "always-valid" | "silent";

/** Hosts that are alike. */
export interface HostKind {
  readonly name: string;
  /** Hosts, each one machine. */
  readonly count: number;
  /** Hotkeys that share the machine. */
  readonly identities: number;
  /** Nonces a second of the machine. */
  readonly speed: number;
  readonly presence: Presence;
  /** Seconds from a trigger to a machine that runs, and from there to a loaded network. */
  readonly boot: number;
  readonly load: number;
  /** False wins added, as a share of the true ones. */
  readonly padding: number;
  readonly verdicts: Verdicts;
  /** The model that it serves, which has a cap of its own. */
  readonly model: Model;
  /** The class that it says it belongs to. */
  readonly reported: string;
}

export type Model = "large" | "small";

const HOST: HostKind = {
  name: "host",
  count: 12,
  identities: 1,
  speed: 20_000,
  presence: "always",
  boot: 0,
  load: 0,
  padding: 0,
  verdicts: "honest",
  model: "large",
  reported: "server",
};

/** The speed of one unit of hardware: incomes are given per unit. */
export const UNIT_SPEED = HOST.speed;

/** Honest hosts, and one or two of each who try to earn more with less. The renter loads for half of a usual window, as in the proposal. */
export const TYPICAL_KINDS: readonly HostKind[] = [
  HOST,
  { ...HOST, name: "small host", count: 3, speed: 2_000, model: "small", reported: "card" },
  { ...HOST, name: "renter", count: 2, presence: "rented", boot: 60, load: 240 },
  { ...HOST, name: "fast loader", count: 2, presence: "elsewhere", load: 20, model: "small" },
  { ...HOST, name: "padder 5 %", count: 2, padding: 0.05 },
  { ...HOST, name: "lazy verifier", count: 2, verdicts: "always-valid" },
  { ...HOST, name: "silent verifier", count: 2, verdicts: "silent" },
  { ...HOST, name: "splitter", count: 1, identities: 8 },
];

/** Classes by nonces a second. */
export const CLASSES: readonly HardwareClass[] = [
  { name: "processor", from: 0 },
  { name: "card", from: UNIT_SPEED / 20 },
  { name: "server", from: UNIT_SPEED / 2 },
];

/** The most that a host may have of a model, in units of hardware. */
export const MODEL_UNITS: ReadonlyMap<Model, number> = new Map([["small", 1 / 4]]);
