import { DEFAULT_DELIVERY, type DeliveryRules } from "./rules/delayed-pay.js";
import type { ComputeScenario } from "./scenario.js";

/** When and how capacity is proven, and what is paid for it. */
export interface ComputeRules {
  readonly id: string;
  readonly name: string;
  /** What they say, in a sentence. */
  readonly says: string;
  /** `windows`: in an announced Sprint and in confirmations. `idle`: all the time that real work leaves. */
  readonly proofs: "windows" | "idle";
  /** Seconds that a window counts. */
  readonly window: number;
  /** Mean number of confirmations an epoch. */
  readonly confirmations: number;
  /** Seconds before a window counts in which hosts may load. */
  readonly grace: number;
  /** Seconds of a window before its inputs are known. */
  readonly secondSeed: number;
  readonly earlyGuard: boolean;
  /** Whether real work goes on in windows and is credited. */
  readonly worksOn: boolean;
  /** Caps, verification duty with planted tasks, reputation, and settlement by deliveries; null: pay by weight at once. */
  readonly delivery: DeliveryRules | null;
}

/** The rules, each with one more than the one before, as far as they add up. */
export const rulesOf = (scenario: ComputeScenario): readonly ComputeRules[] => {
  const { window, shortWindow, confirmations, secondSeed, kinds } = scenario;
  const grace = Math.max(...kinds.map(({ boot, load }) => boot + load));
  const fixed: ComputeRules = {
    id: "fixed",
    name: "fixed window",
    says: "One Sprint an epoch, at a time that everybody knows.",
    proofs: "windows",
    window,
    confirmations: 0,
    grace: 0,
    secondSeed: 0,
    earlyGuard: false,
    worksOn: false,
    delivery: null,
  };
  const random: ComputeRules = {
    ...fixed,
    id: "no-grace",
    name: "random, no grace",
    says: "Confirmations at random times count from their first second: a host that loads needs window/(window − load) times the hardware.",
    confirmations,
  };
  const guarded: ComputeRules = {
    ...random,
    id: "early-share",
    name: "early-share guard",
    says: "Who has less than half of the median's share of nonces by a third of the window is barred: loading may take a fifth of it.",
    earlyGuard: true,
  };
  const short: ComputeRules = {
    ...guarded,
    id: "short",
    name: "short windows",
    says: "The same with short windows: a network that loads fast does not load fast enough.",
    window: shortWindow,
  };
  return [
    fixed,
    {
      ...random,
      id: "grace",
      name: "random, with grace",
      says: "Confirmations at random times, with time to load before they count.",
      grace,
    },
    random,
    guarded,
    {
      ...guarded,
      id: "second-seed",
      name: "second seed",
      says: "Inputs are known only some time after a window begins, so that fast loading earns nothing: who loads in that time loses nothing.",
      secondSeed,
    },
    short,
    {
      ...fixed,
      id: "continuous",
      name: "continuous",
      says: "Nonces in all time that real work leaves, at any hour; settled work counts as the nonces it would have been.",
      proofs: "idle",
      window: scenario.epoch,
      worksOn: true,
    },
    {
      ...short,
      id: "delivery",
      name: "short, duty and delivery",
      says: "Short windows beside real work, caps, duty with planted tasks, and pay a cycle later by weight, revenue and misses.",
      worksOn: true,
      delivery: DEFAULT_DELIVERY,
    },
  ];
};
