import { compareTexts } from "#shared/protocol/compare-texts.js";
import { sumStake } from "#shared/protocol/voting/stake.js";
import { MILLION, ratioDown } from "#shared/util/fraction.js";
import { apportion } from "./apportion.js";
import { DEFAULT_SETTLEMENT, type SettlementRules } from "./rules.js";

/** Where a task's reward comes from: a share of the pot by its work, or a payment in escrow that is refunded if the task is not good. */
export type RewardSource = { readonly work: bigint } | { readonly payment: bigint; readonly payer: string };

/** A task as the cycle's checks left it. */
export interface SettledTask {
  readonly id: string;
  readonly executor: string;
  readonly source: RewardSource;
  /** `unchecked`: nobody was on duty. `undecided`: flagged, and neither recomputation nor majority settled it. */
  readonly verdict: "unchecked" | "valid" | "invalid" | "undecided";
  /** Who did duty on it with a verdict that stands; without the executor, and without those who abstained. */
  readonly verifiers: readonly string[];
}

/** What decides whether a host's rewards are released. */
export interface HostRecord {
  readonly hotkey: string;
  /** Accuracy: a proven false result or verdict. */
  readonly isFraud: boolean;
  /** Work: tasks assigned and done. */
  readonly assigned: number;
  readonly done: number;
  /** Validation: missed duty, in millionths of the duty. */
  readonly missRate: number;
}

export interface SettlementInputs {
  /** What the cycle pays for tasks without a payment, in the smallest unit. */
  readonly pot: bigint;
  readonly tasks: readonly SettledTask[];
  /** A host without a record has done its share and missed nothing. */
  readonly hosts: readonly HostRecord[];
}

/** A host's pay, step by step. Amounts in the smallest unit, shares in millionths. */
export interface HostPay {
  readonly hotkey: string;
  readonly asExecutor: bigint;
  readonly asVerifier: bigint;
  readonly isFraud: boolean;
  readonly workShare: number;
  readonly validationShare: number;
  /** Of what was held, what the three criteria did not release. */
  readonly forfeited: bigint;
  readonly bounty: bigint;
  readonly paid: bigint;
}

export interface Settlement {
  /** Ascending by hotkey. */
  readonly pays: readonly HostPay[];
  /** Payer → amount. */
  readonly refunds: ReadonlyMap<string, bigint>;
  readonly burned: {
    /** Of the pot, where no task has work. */
    readonly unassigned: bigint;
    /** Rewards of tasks that stayed undecided. */
    readonly undecided: bigint;
    /** What hosts forfeited for work or duty that they missed. */
    readonly missed: bigint;
    /** What frauds forfeited, less the bounties. */
    readonly fraud: bigint;
  };
}

/**
 * Settles a cycle once its checks are in. A checked task pays its executor and its verifiers half each, an unchecked one its executor alone. A
 * host gets what it earned times its share of the work and of the duty that it did, nothing if it is a proven fraud. Whole units throughout:
 * what is paid, refunded and burned adds up to pot and payments, asserted here.
 */
export const settle = (inputs: SettlementInputs, rules: SettlementRules = DEFAULT_SETTLEMENT): Settlement => {
  const { pot, tasks, hosts } = inputs;
  const records = new Map(hosts.map((host) => [host.hotkey, host]));
  const shares = apportion(
    pot,
    new Map(tasks.flatMap(({ id, source }) => ("work" in source ? [[id, source.work]] : []))),
  );
  const earned = new Map<string, { executor: bigint; verifier: bigint }>();
  const refunds = new Map<string, bigint>();
  /** Fraud → what its false results would have earned, and how often each host found it. */
  const frauds = new Map<string, { forfeit: bigint; finders: Map<string, bigint> }>();
  const fraudOf = (hotkey: string) => at(frauds, hotkey, () => ({ forfeit: 0n, finders: new Map<string, bigint>() }));
  const earnedBy = (hotkey: string) => at(earned, hotkey, () => ({ executor: 0n, verifier: 0n }));
  let undecided = 0n;
  for (const { hotkey } of hosts) earnedBy(hotkey);
  for (const { id, executor, source, verdict, verifiers } of tasks) {
    const reward = "work" in source ? (shares.get(id) ?? 0n) : source.payment;
    const payees = [...new Set(verifiers)].filter((hotkey) => hotkey !== executor);
    earnedBy(executor);
    if (verdict === "invalid") {
      const fraud = fraudOf(executor);
      for (const finder of payees) fraud.finders.set(finder, (fraud.finders.get(finder) ?? 0n) + 1n);
    }
    if (verdict === "valid" || verdict === "unchecked") {
      const shared = payees.length === 0 ? 0n : (reward * BigInt(rules.verifiers)) / BigInt(MILLION);
      earnedBy(executor).executor += reward - shared;
      for (const [hotkey, part] of apportion(shared, new Map(payees.map((payee) => [payee, 1n]))))
        earnedBy(hotkey).verifier += part;
    } else if ("payer" in source) refunds.set(source.payer, (refunds.get(source.payer) ?? 0n) + reward);
    else if (verdict === "invalid") fraudOf(executor).forfeit += reward;
    else undecided += reward;
  }
  const released = [...earned].map(([hotkey, { executor, verifier }]) => {
    const record = records.get(hotkey);
    const isFraud = (record?.isFraud ?? false) || frauds.has(hotkey);
    const workShare =
      record && record.assigned > 0 ? Math.min(MILLION, ratioDown(record.done, record.assigned)) : MILLION;
    const validationShare = MILLION - Math.min(MILLION, Math.max(0, (record?.missRate ?? 0) - rules.allowedMisses));
    const held = executor + verifier;
    const honest = isFraud ? 0n : (held * BigInt(workShare) * BigInt(validationShare)) / BigInt(MILLION) ** 2n;
    return { hotkey, asExecutor: executor, asVerifier: verifier, isFraud, workShare, validationShare, held, honest };
  });
  const honestPay = new Map(released.map(({ hotkey, honest }) => [hotkey, honest]));
  const fraudsHeld = released.filter(({ isFraud }) => isFraud);
  const forfeits = new Map(fraudsHeld.map(({ hotkey, held }) => [hotkey, held + (frauds.get(hotkey)?.forfeit ?? 0n)]));
  const bounties = new Map<string, bigint>();
  for (const [hotkey, forfeit] of [...forfeits].sort(([a], [b]) => compareTexts(a, b))) {
    const pool = (forfeit * BigInt(rules.bounty)) / BigInt(MILLION);
    for (const [finder, part] of apportion(pool, frauds.get(hotkey)?.finders ?? new Map()))
      bounties.set(finder, (bounties.get(finder) ?? 0n) + part);
  }
  const pays = released
    .map(({ held, honest, ...pay }): HostPay => {
      const wished = bounties.get(pay.hotkey) ?? 0n;
      const bounty = wished < honest ? wished : honest;
      return { ...pay, forfeited: held - honest, bounty, paid: honest + bounty };
    })
    .sort((a, b) => compareTexts(a.hotkey, b.hotkey));
  const bountySum = sumStake(pays.map(({ bounty }) => bounty));
  const settlement: Settlement = {
    pays,
    refunds,
    burned: {
      unassigned: pot - sumStake(shares.values()),
      undecided,
      missed: sumStake(released.map(({ isFraud, held, honest }) => (isFraud ? 0n : held - honest))),
      fraud: sumStake(forfeits.values()) - bountySum,
    },
  };
  assertConserved(inputs, settlement, honestPay);
  return settlement;
};

const at = <T>(map: Map<string, T>, key: string, begin: () => T): T => {
  const known = map.get(key) ?? begin();
  map.set(key, known);
  return known;
};

/** What a settlement paid, refunded and burned, in the smallest unit. */
export const settledTotal = ({ pays, refunds, burned }: Settlement): bigint =>
  sumStake(pays.map(({ paid }) => paid)) + sumStake(refunds.values()) + sumStake(Object.values(burned));

const assertConserved = (
  { pot, tasks }: SettlementInputs,
  settlement: Settlement,
  honestPay: ReadonlyMap<string, bigint>,
): void => {
  const whole = pot + sumStake(tasks.map(({ source }) => ("payment" in source ? source.payment : 0n)));
  const isBounded = settlement.pays.every(({ hotkey, bounty }) => bounty <= (honestPay.get(hotkey) ?? 0n));
  if (settledTotal(settlement) !== whole || settlement.burned.fraud < 0n || !isBounded)
    throw new RangeError(`a settlement of ${whole} units adds up to ${settledTotal(settlement)}`);
};
