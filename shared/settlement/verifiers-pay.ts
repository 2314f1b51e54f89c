import { sumStake } from "#shared/protocol/voting/stake.js";
import { MILLION } from "#shared/util/fraction.js";
import { apportion } from "./apportion.js";

/** What a cycle's checks showed of a host, as far as verifiers' pay needs it. */
export interface CheckedHost {
  readonly hotkey: string;
  /** What it earned as executor, in the smallest unit. */
  readonly earned: bigint;
  /** Its tasks, and of these how many a verifier did duty on and found valid. */
  readonly tasks: number;
  readonly checked: number;
  /** What the duties count that it did with a verdict that stands: the sum of `dutyCredit`. */
  readonly credit: number;
  /** Part of what it earns as verifier that it gets, in millionths: 0 for a proven fraud. */
  readonly released: number;
}

export interface VerifiersPay {
  /** Hotkey → what it keeps as executor and gets as verifier. */
  readonly pays: ReadonlyMap<string, { readonly kept: bigint; readonly got: bigint }>;
  /** What verifiers forfeit. */
  readonly burned: bigint;
}

/**
 * Pays verifiers out of what executors earned: a share of each executor's pay, in proportion to its tasks that were checked, goes to the
 * verifiers, in proportion to the credit of their duties whose verdict stands. An unchecked task pays its executor alone. Whole units: what is
 * kept, got and burned adds up to what was earned, asserted here.
 *
 * @param share in millionths
 */
export const payVerifiers = (hosts: readonly CheckedHost[], share: number): VerifiersPay => {
  const given = new Map(
    hosts.map(({ hotkey, earned, tasks, checked }) => [
      hotkey,
      tasks === 0 ? 0n : (earned * BigInt(share) * BigInt(checked)) / (BigInt(MILLION) * BigInt(tasks)),
    ]),
  );
  const pool = sumStake(given.values());
  const parts = apportion(pool, new Map(hosts.map(({ hotkey, credit }) => [hotkey, BigInt(credit)])));
  const pays = new Map(
    hosts.map(({ hotkey, earned, released }) => [
      hotkey,
      {
        kept: earned - given.get(hotkey)!,
        got: (parts.get(hotkey)! * BigInt(released)) / BigInt(MILLION),
      },
    ]),
  );
  const got = sumStake([...pays.values()].map((pay) => pay.got));
  const burned = pool - got;
  const earned = sumStake(hosts.map((host) => host.earned));
  const kept = sumStake([...pays.values()].map((pay) => pay.kept));
  if (burned < 0n || kept + got + burned !== earned)
    throw new RangeError(`verifiers' pay of ${earned} units adds up to ${kept + got + burned}`);
  return { pays, burned };
};
