import { MILLION, ratioDown } from "#shared/util/fraction.js";

/** What a host did in a cycle, as settled. */
export interface Delivery {
  readonly hotkey: string;
  /** Capped weight, in nonces. */
  readonly weight: number;
  /** Requests that it was given, and answered in time. */
  readonly asked: number;
  readonly answered: number;
  /** What users paid for its answers, in the smallest unit. */
  readonly revenue: number;
}

export interface DeliveryRules {
  /** Cycles between a cycle and its settlement. Fraud that is proven in between forfeits it. */
  readonly delay: number;
  /** Share of requests missed that costs nothing, in millionths. */
  readonly allowedMisses: number;
  /** Share of requests missed from which nothing is left, in millionths. */
  readonly mostMisses: number;
  /** Part of the pay that follows revenue, in millionths; the rest follows weight. */
  readonly byRevenue: number;
}

/** A day's delay, half of the pay by revenue; misses above 2 % cost, at 20 % nothing is left. */
export const DEFAULT_DELIVERY: DeliveryRules = {
  delay: 1,
  allowedMisses: (2 * MILLION) / 100,
  mostMisses: (20 * MILLION) / 100,
  byRevenue: MILLION / 2,
};

/** The cycle that is settled at the end of `cycle`. Null while none is due. */
export const dueAt = (cycle: number, { delay }: Pick<DeliveryRules, "delay">): number | null =>
  cycle >= delay ? cycle - delay : null;

/** Share of its pay that a host's misses leave it, in millionths: whole up to the allowed ones, then linear, and none from the most on. */
export const deliveredShare = (
  { asked, answered }: Pick<Delivery, "asked" | "answered">,
  { allowedMisses, mostMisses }: DeliveryRules,
): number => {
  const missed = asked === 0 ? 0 : MILLION - ratioDown(Math.min(answered, asked), asked);
  if (missed <= allowedMisses) return MILLION;
  if (missed >= mostMisses) return 0;
  return Math.floor((MILLION * (mostMisses - missed)) / (mostMisses - allowedMisses));
};

/**
 * The work by which a cycle's pot is shared: the part by weight and the part by revenue, each of the whole of all hosts, times what misses
 * leave. In millionths of the pot, rounded down; `settle` takes them as work. Where nobody had revenue, all goes by weight.
 *
 * @returns hotkey → millionths, which add up to no more than 1,000,000
 */
export const deliveredWork = (
  hosts: readonly Delivery[],
  rules: DeliveryRules = DEFAULT_DELIVERY,
): ReadonlyMap<string, number> => {
  const total = (of: (host: Delivery) => number): number => hosts.reduce((sum, host) => sum + of(host), 0);
  const [weights, revenues] = [total(({ weight }) => weight), total(({ revenue }) => revenue)];
  const byRevenue = revenues === 0 ? 0 : rules.byRevenue;
  const part = (share: number, own: number, all: number): number => (all === 0 ? 0 : (share * own) / all);
  return new Map(
    hosts.map((host) => {
      const whole = part(MILLION - byRevenue, host.weight, weights) + part(byRevenue, host.revenue, revenues);
      return [host.hotkey, Math.floor((whole * deliveredShare(host, rules)) / MILLION)];
    }),
  );
};
