import type { Call } from "#shared/chain/devchain/calls.js";
import type { HyperParameterChange } from "#shared/chain/devchain/genesis.js";
import { beaconPublicKey } from "#shared/chain/timelock/pulse.js";
import { encryptTimelock } from "#shared/chain/timelock/timelock.js";
import { encodeTimelockPayload, weightsCommitHash } from "#shared/chain/weights/payload.js";
import { signerFromUri } from "#shared/wallet/signer.js";

/** What happens in some blocks of a chain, by which the runtime and the devchain are compared. */
export interface RuleCase {
  readonly name: string;
  readonly hyperParameters: HyperParameterChange;
  /** Secret URIs: uid 0 is `//Owner`, then these. Each is its own coldkey. */
  readonly neurons: readonly string[];
  /** By secret URI. */
  readonly stakes: Readonly<Record<string, string>>;
  readonly balances: Readonly<Record<string, string>>;
  /** Ascending by block; the blocks in between are empty. */
  readonly steps: readonly RuleStep[];
}

export interface RuleStep {
  readonly block: number;
  readonly calls: readonly (readonly [uri: string, call: Call])[];
}

/** The subnet of every case; the runtime's preset has others. */
export const NETUID = 3;
/** Epochs at the blocks 5, 15, 25, … */
export const TEMPO = 9;
/** Of the beacon whose rounds are published one a block. */
export const BEACON_SEED = "07".repeat(32);
export const RICH = "100000000000";

const TAO = 1_000_000_000n;

export const makeCases = async (): Promise<readonly RuleCase[]> => {
  const cases: RuleCase[] = [];
  const address = async (uri: string) => (await signerFromUri(uri)).address;
  const at = (block: number, ...calls: RuleStep["calls"][number][]): RuleStep => ({ block, calls });
  const add = (
    name: string,
    hyperParameters: HyperParameterChange,
    steps: readonly RuleStep[],
    more: Partial<RuleCase> = {},
  ) =>
    cases.push({
      name,
      hyperParameters,
      neurons: ["//Validator", "//Miner"],
      stakes: { "//Validator": String(1000n * TAO) },
      balances: {},
      steps,
      ...more,
    });

  const register = async (uri: string, hotkey = uri, netuid = NETUID): Promise<RuleStep["calls"][number]> => [
    uri,
    { name: "burnedRegister", args: { netuid, hotkey: await address(hotkey) } },
  ];
  const commit = (uri: string, data: string, netuid = NETUID): RuleStep["calls"][number] => [
    uri,
    { name: "setCommitment", args: { netuid, data } },
  ];
  const weigh = (
    uri: string,
    dests: number[],
    weights: number[],
    versionKey = 0,
    netuid = NETUID,
  ): RuleStep["calls"][number] => [uri, { name: "setWeights", args: { netuid, dests, weights, versionKey } }];
  const axon = (uri: string, ip: string, port = 8091): RuleStep["calls"][number] => [
    uri,
    { name: "serveAxon", args: { netuid: NETUID, ip, port } },
  ];
  const stake = async (
    uri: string,
    amount: bigint,
    hotkey = uri,
    netuid = NETUID,
  ): Promise<RuleStep["calls"][number]> => [
    uri,
    { name: "addStake", args: { netuid, hotkey: await address(hotkey), amount: String(amount) } },
  ];

  // Registration
  add("registration takes the next uid, once", {}, [at(1, await register("//A")), at(2, await register("//A"))]);
  add("registration on no subnet", {}, [
    at(1, await register("//A", "//A", 99)),
    at(2, await register("//A", "//A", 0)),
  ]);
  add("registration where it is off", { registrationAllowed: false }, [at(1, await register("//A"))]);
  add("registrations in one block", { targetRegistrationsPerInterval: 10 }, [
    at(1, await register("//A"), await register("//B")),
    at(2, await register("//B")),
  ]);
  add("registrations in one interval", { targetRegistrationsPerInterval: 1, adjustmentInterval: 8 }, [
    at(1, await register("//A")),
    at(2, await register("//B")),
    at(3, await register("//C")),
    at(4, await register("//D")),
    at(7, await register("//D")),
    at(8, await register("//D")),
  ]);
  add("registration without the price", { burn: "1000000000" }, [at(1, await register("//A"), await register("//B"))], {
    balances: { "//A": "900000000", "//B": "1500000000" },
  });
  add("registration of another's hotkey", { targetRegistrationsPerInterval: 9, maxUids: 3, immunityPeriod: 0 }, [
    at(1, await register("//A", "//Miner2")),
    at(2, await register("//B")),
    // By now nobody has a score, and the oldest of the newcomers goes; its hotkey keeps its owner.
    at(3, await register("//D")),
    at(4, await register("//C", "//Miner2")),
    at(5, await register("//A", "//Miner2")),
  ]);
  for (const adjustmentAlpha of ["0", "17893341751498265066", "9223372036854775808"]) {
    const price = {
      adjustmentAlpha,
      adjustmentInterval: 5,
      burn: "1000000000",
      minBurn: "500000",
      maxBurn: "3000000000",
    };
    add(`the price of registration, alpha ${adjustmentAlpha}`, { ...price, maxRegistrationsPerBlock: 8 }, [
      at(1, await register("//A"), await register("//B")),
      at(2, await register("//C")),
      at(7, await register("//D")),
      at(38),
    ]);
  }
  add("the price at its bounds", { adjustmentAlpha: "0", adjustmentInterval: 2, burn: "4000000", minBurn: "500000" }, [
    at(30),
  ]);
  add(
    "the price at its top",
    {
      adjustmentAlpha: "0",
      adjustmentInterval: 3,
      burn: "1000000000",
      maxBurn: "1500000000",
      maxRegistrationsPerBlock: 3,
    },
    [at(1, await register("//A"), await register("//B"), await register("//C")), at(4)],
  );

  // Replacement
  const full = { maxUids: 3, maxRegistrationsPerBlock: 4, targetRegistrationsPerInterval: 9 };
  add("a full subnet replaces the oldest of the poorest", { ...full, immunityPeriod: 0 }, [
    at(1, commit("//Miner", "mine")),
    at(6, weigh("//Validator", [2], [7])),
    at(7, axon("//Miner", "10.0.0.1")),
    at(8, await register("//A")),
    at(9, await register("//B"), await register("//C")),
    at(10, commit("//Miner", "still?")),
    at(16),
  ]);
  add("immune neurons go last, but they go", { ...full, immunityPeriod: 10 }, [
    at(3, await register("//A")),
    at(4, await register("//B")),
    at(12, await register("//C")),
  ]);
  add("an owner alone is never replaced", { ...full, maxUids: 2, immunityPeriod: 0 }, [at(1, await register("//A"))], {
    neurons: ["//Validator"],
  });
  add(
    "who took a uid has its permit and weights until the next epoch",
    { ...full, immunityPeriod: 0 },
    [
      at(6, weigh("//Validator", [2], [7])),
      at(7, await register("//A")),
      at(8, await register("//B")),
      at(9, weigh("//A", [2], [1]), weigh("//B", [0], [3])),
      at(15),
    ],
    { stakes: { "//Validator": String(1000n * TAO), "//Miner": String(900n * TAO) } },
  );

  // Commitments
  add("commitments of the registered", {}, [
    at(1, commit("//Miner", "one"), commit("//A", "two"), commit("//Miner", "three", 99)),
    at(2, commit("//Miner", ""), commit("//Miner", "x".repeat(128))),
  ]);
  add("the space of a tempo, small texts", {}, [
    at(1, ...Array.from({ length: 32 }, (_, i) => commit("//Miner", `record ${i}`))),
    at(5, commit("//Miner", "in the last block of a tempo")),
    at(6, commit("//Miner", "in a new tempo")),
    at(7),
  ]);
  add("the space of a tempo, large texts", {}, [
    at(7, ...Array.from({ length: 25 }, () => commit("//Miner", "y".repeat(128)))),
    at(15, commit("//Miner", "z")),
    at(16, commit("//Miner", "z")),
  ]);

  // Weights
  add("weights need a permit", {}, [
    at(1, weigh("//Validator", [2], [1]), weigh("//Validator", [1], [1])),
    at(2, weigh("//Miner", [2], [5])),
    at(5, weigh("//Validator", [2], [9]), weigh("//Miner", [1], [1])),
  ]);
  add("weights by the unregistered, on no subnet, on the root", {}, [
    at(6, weigh("//A", [2], [1]), weigh("//Validator", [2], [1], 0, 99), weigh("//Validator", [2], [1], 0, 0)),
  ]);
  add("weights that are no weights", {}, [
    at(
      6,
      weigh("//Validator", [2], [1, 2]),
      weigh("//Validator", [0, 1, 2, 3], [1, 1, 1, 1]),
      weigh("//Validator", [2, 2], [1, 1]),
      weigh("//Validator", [5], [1]),
      weigh("//Validator", [2, 0], [40000, 20000]),
    ),
  ]);
  add("empty weights", { minAllowedWeights: 0, weightsRateLimit: 0 }, [
    at(6, weigh("//Validator", [], [])),
    at(7, weigh("//Validator", [2], [0])),
  ]);
  add("too few weights", { minAllowedWeights: 2, weightsRateLimit: 0 }, [
    at(6, weigh("//Validator", [2], [1]), weigh("//Validator", [2, 0], [1, 0]), weigh("//Validator", [1], [3])),
  ]);
  add("more weights asked for than neurons", { minAllowedWeights: 10, weightsRateLimit: 0 }, [
    at(6, weigh("//Validator", [2, 0], [1, 1]), weigh("//Validator", [2, 0, 1], [1, 1, 1])),
  ]);
  add("weights above the limit", { maxWeight: 32768, weightsRateLimit: 0 }, [
    at(
      6,
      weigh("//Validator", [2], [1]),
      weigh("//Validator", [2, 0], [3, 1]),
      weigh("//Validator", [2, 0], [7, 7]),
      weigh("//Validator", [1], [7]),
      weigh("//Validator", [0, 1, 2], [0, 0, 0]),
    ),
  ]);
  add("old versions", { weightsVersion: 7, weightsRateLimit: 0 }, [
    at(6, weigh("//Validator", [2], [1], 6), weigh("//Validator", [2], [1], 7), weigh("//Validator", [2], [2], 8)),
  ]);
  add("weights too fast", { weightsRateLimit: 4 }, [
    at(6, weigh("//Validator", [2], [1])),
    at(9, weigh("//Validator", [0], [1])),
    at(10, weigh("//Validator", [0], [1])),
  ]);
  add("weights soon after registration", { weightsRateLimit: 4 }, [
    at(2, await register("//A")),
    at(5, weigh("//A", [3], [1])),
    at(6, weigh("//A", [3], [1])),
  ]);
  add("weights with too little stake", { stakeThreshold: String(2000n * TAO) }, [
    at(6, weigh("//Validator", [2], [1]), weigh("//Validator", [2], [1, 1])),
  ]);
  add("scaled weights", { weightsRateLimit: 0, maxRegistrationsPerBlock: 8, targetRegistrationsPerInterval: 8 }, [
    at(1, await register("//A"), await register("//B")),
    at(6, weigh("//Validator", [0, 1, 2, 3, 4], [65535, 1, 32768, 3, 0])),
    at(7, weigh("//Validator", [4, 2, 0], [40000, 20000, 33333])),
    at(8, weigh("//Validator", [4, 2, 0], [3, 2, 1])),
  ]);

  // Axons
  add("axons", { servingRateLimit: 0 }, [
    at(
      2,
      axon("//Miner", "127.0.0.1"),
      axon("//Miner", "255.255.255.255"),
      axon("//Miner", "0.0.0.0"),
      axon("//Miner", "::1"),
      axon("//Miner", "0:0:0:0:0:0:0:1"),
      axon("//Miner", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
      axon("//Miner", "10.0.0.1", 0),
      axon("//A", "10.0.0.1"),
      axon("//Miner", "2001:db8::7", 65535),
      axon("//Validator", "127.0.0.2", 1),
    ),
  ]);
  add("axons too fast", { servingRateLimit: 5 }, [
    at(2, axon("//Miner", "10.0.0.1")),
    at(6, axon("//Miner", "10.0.0.2"), axon("//Miner", "127.0.0.1")),
    at(7, axon("//Miner", "10.0.0.2")),
  ]);

  // Stake
  add("stake", {}, [
    at(
      1,
      await stake("//Miner", 2n * TAO, "//Miner", 99),
      await stake("//Miner", 1_999_999n),
      await stake("//Miner", 1_000_000n * TAO),
      await stake("//Miner", 2n * TAO, "//A"),
      await stake("//Miner", 2n * TAO),
    ),
  ]);

  // Commit and reveal by hash
  const salt = [1, 2, 3, 4];
  const hashed = async (uri: string, uids: number[], values: number[], versionKey = 0) => {
    const hotkey = (await signerFromUri(uri)).publicKey;
    const hash = weightsCommitHash({ hotkey, netuid: NETUID, uids, values, salt, versionKey });
    return {
      commit: [uri, { name: "commitWeights", args: { netuid: NETUID, commit: hash } }] as const,
      reveal: [uri, { name: "revealWeights", args: { netuid: NETUID, uids, values, salt, versionKey } }] as const,
    };
  };
  const first = await hashed("//Validator", [2, 0], [65535, 1000]);
  const second = await hashed("//Validator", [2], [9]);
  const third = await hashed("//Validator", [0], [9]);
  const reveals = { commitReveal: true, weightsRateLimit: 0 };
  add("commit and reveal where it is off", {}, [at(6, first.commit, first.reveal)]);
  add("plain weights where it is on", reveals, [
    at(6, weigh("//Validator", [2], [1]), weigh("//A", [2], [1]), weigh("//Validator", [2], [1, 2])),
  ]);
  add("a commitment is revealed in the next tempo", reveals, [
    at(6, first.commit, first.reveal),
    at(15, first.reveal),
    at(16, second.reveal, first.reveal, first.reveal),
  ]);
  add("a revelation in the last block", reveals, [at(15, first.commit), at(25, first.reveal)]);
  add("a commitment in the epoch's block belongs to the tempo before", reveals, [
    at(5, first.commit),
    at(6, first.reveal),
  ]);
  add("a late revelation", reveals, [
    at(6, first.commit),
    at(26, first.reveal, second.reveal),
    at(27, second.commit, first.reveal),
  ]);
  add("a late revelation beside one that waits", reveals, [
    at(6, first.commit),
    at(16, second.commit),
    at(26, first.reveal, third.reveal, second.reveal),
  ]);
  add("a revelation drops the commitments before it", reveals, [
    at(6, first.commit, second.commit, third.commit),
    at(16, second.reveal, first.reveal, third.reveal),
  ]);
  add("a longer reveal period", { ...reveals, revealPeriod: 2 }, [
    at(6, first.commit),
    at(16, first.reveal),
    at(26, first.reveal),
  ]);
  add("too many unrevealed", reveals, [
    at(6, ...Array.from({ length: 11 }, () => first.commit)),
    at(16, first.commit),
    at(27, first.commit),
  ]);
  add("commitments too fast", { commitReveal: true, weightsRateLimit: 3 }, [
    at(6, first.commit),
    at(8, first.commit),
    at(9, second.commit),
    at(16, first.reveal),
  ]);
  const stranger = await hashed("//A", [2], [1]);
  const poor = await hashed("//Miner", [1], [1]);
  add("commitments of strangers and of those without a permit", reveals, [
    at(6, stranger.commit, stranger.reveal, poor.commit),
    at(16, poor.reveal, poor.reveal),
  ]);
  add("commitments with too little stake", { ...reveals, stakeThreshold: String(2000n * TAO) }, [
    at(6, first.commit, first.reveal),
  ]);
  const bad = await hashed("//Validator", [2, 2], [1, 1]);
  add("a revelation of what is no weights", { ...reveals, minAllowedWeights: 1 }, [
    at(6, bad.commit),
    at(16, bad.reveal, bad.reveal),
  ]);

  // Commit and reveal by timelock
  const publicKey = beaconPublicKey(Buffer.from(BEACON_SEED, "hex"));
  let drawn = 0;
  const random = (bytes: number) => Uint8Array.from({ length: bytes }, () => (drawn = (drawn * 73 + 41) % 251));
  const sealed = (uri: string, revealRound: number, uids: number[], values: number[]): RuleStep["calls"][number] => {
    const payload = encodeTimelockPayload({ uids, values, versionKey: 0 });
    const commit = Buffer.from(encryptTimelock(payload, { round: revealRound, publicKey, random })).toString("hex");
    return [uri, { name: "commitTimelockedWeights", args: { netuid: NETUID, commit, revealRound } }];
  };
  const garbage = (uri: string, commit: string): RuleStep["calls"][number] => [
    uri,
    { name: "commitTimelockedWeights", args: { netuid: NETUID, commit, revealRound: 3 } },
  ];
  add("timelocked where it is off", {}, [at(6, sealed("//Validator", 8, [2], [1]))]);
  add("timelocked weights come by themselves", reveals, [
    at(16, sealed("//Validator", 20, [2, 0], [65535, 1000])),
    at(24),
    at(25),
  ]);
  add("timelocked in the epoch's block", reveals, [at(15, sealed("//Validator", 20, [2], [9])), at(24), at(25)]);
  add("timelocked in the first tempos", reveals, [at(4, sealed("//Validator", 5, [1], [9])), at(5), at(15)]);
  add("timelocked with a longer period", { ...reveals, revealPeriod: 2 }, [
    at(16, sealed("//Validator", 20, [2], [9])),
    at(25),
    at(35),
  ]);
  add("timelocked to a round that is not published", reveals, [
    at(16, sealed("//Validator", 100_000, [2], [9])),
    at(35),
  ]);
  add("timelocked garbage, and good weights after it", reveals, [
    at(
      16,
      garbage("//Validator", "00ff"),
      sealed("//Validator", 18, [2, 2], [1, 1]),
      sealed("//Validator", 18, [0], [4]),
    ),
    at(25),
  ]);
  add("the last of several timelocked stands", reveals, [
    at(16, sealed("//Validator", 18, [0], [4]), sealed("//Validator", 18, [2], [5])),
    at(25),
  ]);
  add("too many timelocked", reveals, [
    at(16, ...Array.from({ length: 11 }, () => garbage("//Validator", "00"))),
    at(25, garbage("//Validator", "00")),
  ]);
  add("timelocked too fast, by strangers, without stake", { commitReveal: true, weightsRateLimit: 3 }, [
    at(16, garbage("//Validator", "00"), garbage("//A", "00")),
    at(17, garbage("//Validator", "00")),
  ]);
  add("timelocked with too little stake", { ...reveals, stakeThreshold: String(2000n * TAO) }, [
    at(16, garbage("//Validator", "00")),
  ]);

  // Epochs
  add("permits go to the highest stakes", { maxValidators: 2, targetRegistrationsPerInterval: 9 }, [at(4), at(5)], {
    neurons: ["//Validator", "//Miner", "//A", "//B"],
    stakes: { "//Validator": "500", "//Miner": "900", "//A": "700", "//B": "0" },
  });
  add("weights that nobody renews grow inactive", { activityCutoff: 10, weightsRateLimit: 0 }, [
    at(6, weigh("//Validator", [2], [1])),
    at(15),
    at(25),
  ]);
  return cases;
};
