import { confirmedWeights } from "#shared/compute/confirmed.js";
import { type DutyPart, dutyStandings } from "#shared/compute/duty/standing.js";
import type { SprintOutcome } from "#shared/compute/outcome.js";
import type { PayWindow } from "#shared/compute/read-pay-window.js";
import { createRandom } from "#shared/data/random.js";
import { sha256 } from "#shared/protocol/hash.js";
import { SPRINT_WINDOW, type Sprint } from "#shared/protocol/sprint.js";
import { DEFAULT_REPUTATION } from "#shared/reputation/reputation.js";

interface SimulatedSprints {
  readonly sprint: Sprint;
  readonly hosts: readonly { readonly uid: number; readonly hotkey: string }[];
  /** The cycle whose pay they count in. */
  readonly cycle: number;
}

/** What became of a host now and then; all others are valid. */
const FATES: Readonly<Record<number, Partial<SprintOutcome>>> = {
  2: { outcome: "invalid", nonce: 10_408, invalidBy: 0.5 },
  3: { outcome: "undecided", validBy: 0.5, validWithUnheard: 0.5 },
  4: { outcome: "absent", proof: null, wins: 0, nonces: 0, measured: 0, low: 0, high: 0 },
};

/** Settled Sprints, made up, the same each time: some hosts are caught, late or absent in the newest, or missed duty. */
export const simulatedSprints = ({ sprint, hosts, cycle }: SimulatedSprints): PayWindow => {
  const random = createRandom("sprints");
  const newest = sprint.every * Math.floor((cycle - 1) / sprint.every);
  const results = Array.from({ length: SPRINT_WINDOW }, (_, i) => newest - (SPRINT_WINDOW - 1 - i) * sprint.every)
    .filter((at) => at >= 0)
    .map((at) => ({
      ...{
        cycle: at,
        confirms: null,
        sprint,
        stakes: new Map(),
        proofs: [],
        validators: [],
        reputations: new Map(),
        isWhole: true,
        isReadable: true,
      },
      outcomes: hosts.map(({ uid, hotkey }, n): SprintOutcome => {
        const difficulty = 40 + (n % 200);
        const wins = 360 + Math.floor(80 * random.next());
        const measured = wins * difficulty;
        return {
          ...{ uid, hotkey, difficulty, wins, measured, nonces: measured },
          ...{ proof: sha256(Buffer.from(`proof ${uid} ${at}`)), outcome: "valid", fault: null, nonce: null },
          ...{
            validBy: 1,
            invalidBy: 0,
            validWithUnheard: 1,
            low: Math.round(0.9 * measured),
            high: Math.round(1.1 * measured),
          },
          ...(at === newest && FATES[n]),
        };
      }),
    }));
  const standings = sprint.duty ? standingsOf(hosts, results) : undefined;
  return {
    ...{
      results,
      confirmations: [],
      idle: [],
      unknown: [],
      isAwaited: false,
      reputations: new Map(),
      notAgreedAfter: -1,
      confirmed: confirmedWeights(results.map(({ outcomes }) => outcomes)),
    },
    ...{ standings, duty: { results: [], after: -1, unknown: [], standings } },
  };
};

const standingsOf = (hosts: SimulatedSprints["hosts"], results: readonly { readonly cycle: number }[]) => {
  const closed = results.map(({ cycle }) => ({ cycle, parts: hosts.map(dutyPart) }));
  return dutyStandings({ agreed: new Map(), closed, after: -1, rules: DEFAULT_REPUTATION });
};

const dutyPart = ({ hotkey }: SimulatedSprints["hosts"][number], n: number): DutyPart => ({
  ...{ hotkey, tasks: 20, duties: 5, missed: n % 7 === 1 ? 2 : 0, missRate: n % 7 === 1 ? 400_000 : 0 },
  ...{
    checked: 18,
    verified: n % 7 === 1 ? 3 : 5,
    credit: n % 7 === 1 ? 3_000_000 : 5_000_000,
    isFraud: n === 2,
    released: n === 2 ? 0 : 1_000_000,
  },
});
