import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_CONTRIBUTION_BYTES } from "#shared/beacon/contributions/contribution.js";
import { makeContribution } from "#shared/beacon/contributions/make.js";
import { readTerms } from "#shared/beacon/contributions/schedule.js";
import type { BeaconValue } from "#shared/beacon/value.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { awaitSeeds } from "#shared/participant/await-seeds.js";
import { awaitBeaconValue } from "#shared/participant/beacon/await-value.js";
import { runBeacon } from "#shared/participant/beacon/run-beacon.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import { encodeRecord, parseRecord, shortHash } from "#shared/protocol/records.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { contributionSource, readBeaconValue } from "#shared/replay/beacon-value.js";
import { evaluationSeeds, mixedWith, momentEntropy, seedsFrom } from "#shared/replay/evaluation-seeds.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { createTelemetry } from "#shared/telemetry/telemetry.js";
import { orAbort } from "#shared/util/deadline.js";
import { readWithRecomputer } from "#validator/sprint/read-with-recomputer.js";
import { forked } from "../support/forked.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { lookAt } from "../support/look-at.js";
import { NETUID, PHASES } from "../support/micro-network.js";
import { parsePrometheus } from "../support/prometheus-text.js";
import { silentAt } from "../support/silent-at.js";
import { BEACON, type Joined, type Living, openSubnet, type Subnet, until } from "../support/subnet.js";
import { device } from "../support/updates.js";

const { publicKey, genesisTime, period } = publicBeacon(BEACON);
const phases = { ...PHASES, train: 6, commit: 3, reveal: 4 };
/** A block and a round take a second: the seals open with the first block of the reveal phase. */
const contributions = { rounds: 10, margin: 2, most: 64 };
const beacon = { public_key: publicKey, genesis_time: genesisTime, period, delay: 1, contributions };

/** The first five have two thirds of the stake and are asked; the last five, with more than half, say what they hold. */
const validators = { wes: 2500, lea: 2400, gus: 2300, vera: 2200, vito: 2100, max: 1800, nia: 1800, oda: 1800 };
const CYCLE = 1;
const NOWHERE = "http://127.0.0.1:1";
const unheld = "not held by a majority of the stake before the pulse";

interface Life {
  readonly subnet: Subnet;
  readonly players: Readonly<Record<"vera" | "vito" | "ann", Joined>>;
  readonly windows: ReturnType<typeof beaconWindows>;
  /** Puts what the others do on chain in one block: seals by hash and location, and what they say they hold. */
  seals(records: Readonly<Record<string, { readonly hash: string; readonly location: string }>>): Promise<void>;
  held(names: readonly string[], held: readonly number[]): Promise<void>;
}

/**
 * Two validators and a miner with their parts in the beacon, and a subnet whose other hotkeys a test plays.
 *
 * @param through changes what a player's part is done with
 */
const begin = async (
  t: Living,
  through: (player: Joined, name: string, subnet: Subnet) => Joined = (player) => player,
): Promise<Life> => {
  const subnet = await openSubnet(t, { network: { phases, beacon }, validators, miners: ["ann"] });
  const players = { vera: await subnet.join("vera"), vito: await subnet.join("vito"), ann: await subnet.join("ann") };
  const head = { network: shortHash(subnet.networkHash), cycle: CYCLE };
  for (const [name, player] of Object.entries(players))
    runBeacon(through(player, name, subnet), { holds: name !== "ann" }).catch(() => {});
  return {
    subnet,
    players,
    windows: beaconWindows(CYCLE, phases),
    seals: (records) =>
      subnet.record(
        Object.fromEntries(
          Object.entries(records).map(([name, { hash, location }]) => [
            name,
            encodeRecord({ type: "seal", ...head, contribution: hash, location }),
          ]),
        ),
      ),
    held: (names, held) =>
      subnet.record(Object.fromEntries(names.map((name) => [name, encodeRecord({ type: "sealheld", ...head, held })]))),
  };
};

const said = ({ lines }: Joined, message: string) => lines.some((line) => line.message === message);

/** Waits until both validators have what both sealed. */
const haveEachOther = async (t: Living, { subnet, players, windows }: Life): Promise<void> => {
  const commitments = await subnet.chain.commitments(NETUID, windows.sealing.end - 1);
  for (const name of ["vera", "vito"]) {
    const record = parseRecord(commitments.find(({ hotkey }) => hotkey === subnet.signer(name).address)?.data ?? "");
    assert.ok(record.ok && record.value.type === "seal", name);
    const { contribution: hash } = record.value;
    const isHere = ({ blobs, signal }: Joined) =>
      blobs.get({ hash, maxBytes: MAX_CONTRIBUTION_BYTES, locations: [], signal }).then(
        () => true,
        () => false,
      );
    for (const player of [players.vera, players.vito]) await until(t, () => isHere(player));
  }
};

/** A contribution as a hotkey's program would make it. */
const contributionOf = async ({ subnet }: Life, name: string): Promise<Uint8Array> => {
  const made = await makeContribution(contributionSource(subnet)!, CYCLE, {
    address: subnet.signer(name).address,
    sign: async ({ message }) => subnet.signer(name).signBytes(message),
  });
  assert.ok(made, `${name} is asked`);
  return canonicalBytes(made);
};

/** Who is first told of a sealing window when it is over, and what that counts as missed. */
const tooLate = (player: Joined, { start, end }: BlockRange) => {
  const instruments = prometheusInstruments("miner");
  const clock: Joined["clock"] = {
    get head() {
      return player.clock.head;
    },
    onHead: player.clock.onHead,
    reach: (block, signal) => player.clock.reach(block === start - 1 ? end : block, signal),
  };
  const missed = async (record: string) =>
    parsePrometheus(await instruments.text()).get(`blockzero_windows_missed_total{record="${record}"}`);
  return { late: { ...player, clock, telemetry: createTelemetry(instruments) }, missed };
};

describe("the beacon of a subnet", { timeout: HANG_GUARD }, () => {
  it("raises no alert about a window that passed while a miner that is not asked was away", async (t) => {
    let missed: ReturnType<typeof tooLate>["missed"] | undefined;
    const { subnet, players, windows } = await begin(t, (player, name) => {
      if (name !== "ann") return player;
      const made = tooLate(player, beaconWindows(CYCLE, phases).sealing);
      missed = made.missed;
      return made.late;
    });
    await subnet.to(windows.sealing.end);
    const told = () => players.ann.lines.find(({ message }) => message === "missed part in the beacon");
    await until(t, () => told() !== undefined);
    assert.equal(told()?.fields.code, "WINDOW_MISSED");
    assert.equal(await missed?.("seal"), 0);
  });

  it("has one value for all, whoever withholds, comes late or sends garbage, and seeds are mixed with it", async (t) => {
    const life = await begin(t);
    const { subnet, players, windows } = life;
    const { vera, vito, ann } = players;
    const { signer } = subnet;
    await subnet.to(windows.sealing.start - 1);
    const withheld = await contributionOf(life, "wes");
    const late = await contributionOf(life, "lea");
    const garbage = Buffer.from("no contribution");
    for (const bytes of [late, garbage]) await subnet.store.put(bytes);
    for (const name of ["vera", "vito"]) await subnet.sent(name, 1);
    await life.seals({
      wes: { hash: sha256(withheld), location: NOWHERE },
      gus: { hash: sha256(garbage), location: subnet.location },
    });
    await subnet.to(windows.sealing.end - 1);
    await life.seals({ lea: { hash: sha256(late), location: subnet.location } });
    await haveEachOther(t, life);
    await subnet.to(windows.holding.start - 1);
    for (const name of ["vera", "vito"]) await subnet.sent(name, 2);
    // By ascending uid: 0 is wes, 1 gus, 2 vera, 3 vito.
    await life.held(["max", "nia", "oda"], [2, 3]);
    const commitments = await subnet.chain.commitments(NETUID);
    for (const name of ["vera", "vito"]) {
      const record = parseRecord(commitments.find(({ hotkey }) => hotkey === signer(name).address)!.data);
      assert.deepEqual(record.ok && record.value.type === "sealheld" && record.value.held, [2, 3], name);
    }

    await subnet.to(windows.deciding);
    const opened = "opened the beacon's value";
    await until(t, () => Object.values(players).every((player) => said(player, opened)));
    const { source } = await lookAt(t, subnet);
    const value = (await readBeaconValue(source, CYCLE)) as BeaconValue;
    assert.equal(value.origin, "contributions");
    assert.deepEqual(value.contributors, [signer("vera").address, signer("vito").address].sort());
    const why = Object.fromEntries(value.dropped.map((one) => [one.hotkey, one.why]));
    assert.deepEqual(why, {
      [signer("wes").address]: unheld,
      [signer("gus").address]: unheld,
      [signer("lea").address]: "no seal on chain in time",
    });
    for (const player of Object.values(players)) {
      const found = player.lines.find(({ message }) => message === opened)!;
      assert.equal(found.fields?.value, value.value);
    }

    const question = { cycle: CYCLE, purpose: "evaluate" } as const;
    const waiting = Promise.all([vera, vito, ann].map((player) => awaitSeeds(player, question)));
    await subnet.to(subnet.window(CYCLE, "evaluate").end - 1);
    const { ofGroups } = await evaluationSeeds(source, question);
    for (const seeds of await waiting) assert.deepEqual(seeds, ofGroups);
    const unmixed = seedsFrom(source, question, mixedWith(null, await momentEntropy(source, question)));
    assert.notEqual(ofGroups.math, unmixed.ofGroups.math);
  });

  it("has a validator's part though its chain did not answer at one block", async (t) => {
    const { sealing, holding } = beaconWindows(CYCLE, phases);
    const life = await begin(t, (player, name) => (name === "vera" ? silentAt(player, sealing.end - 1) : player));
    const { subnet, players } = life;
    await subnet.to(sealing.start - 1);
    for (const name of ["vera", "vito"]) await subnet.sent(name, 1);
    await subnet.to(sealing.end - 1);
    const isLost = () => said(players.vera, "missed part in the beacon");
    await until(t, () => isLost() || said(players.vera, "not done yet: once more at the next block"));
    await subnet.to(sealing.end);
    if (!isLost()) await haveEachOther(t, life);
    await subnet.to(holding.start - 1);
    await subnet.sent("vito", 2);
    const { address } = subnet.signer("vera");
    await until(t, async () => isLost() || (await subnet.chain.nonce(address)) === 2);
    await subnet.to(holding.start);
    const mine = (await subnet.chain.commitments(NETUID)).find(({ hotkey }) => hotkey === address);
    const record = parseRecord(mine?.data ?? "");
    assert.deepEqual(record.ok && record.value.type === "sealheld" && record.value.held, [0, 1]);
  });

  it("counts as held what the chain's seals number in the end, where a fork replaced the last block for them", async (t) => {
    const { sealing, holding } = beaconWindows(CYCLE, phases);
    const life = await begin(t, (player, name, { signer }) => {
      const isReplaced = () => player.clock.head.number >= holding.start - 1;
      const without = signer("gus").address;
      return name === "vera" ? forked(player, sealing.end - 1, isReplaced, { without }) : player;
    });
    const { subnet, players } = life;
    await subnet.to(sealing.start - 1);
    const garbage = await subnet.store.put(Buffer.from("no contribution"));
    for (const name of ["vera", "vito"]) await subnet.sent(name, 1);
    await life.seals({ gus: { hash: garbage, location: subnet.location } });
    await subnet.to(sealing.end - 1);
    await haveEachOther(t, life);
    for (let block = sealing.end; block < holding.start; block++) await subnet.to(block);
    for (const name of ["vera", "vito"]) await subnet.sent(name, 2);
    await subnet.to(holding.start);
    const mine = (await subnet.chain.commitments(NETUID)).find(({ hotkey }) => hotkey === players.vera.signer.address);
    const record = parseRecord(mine?.data ?? "");
    // By ascending uid: 0 is gus, 1 vera, 2 vito.
    assert.deepEqual(record.ok && record.value.type === "sealheld" && record.value.held, [1, 2]);
  });

  it("has contributions sealed to the round of the chain, where a fork replaced the last block before", async (t) => {
    const long = { ...PHASES, train: 16, commit: 3, reveal: 4 };
    const { sealing } = beaconWindows(CYCLE, long);
    const subnet = await openSubnet(t, { network: { phases: long, beacon }, validators, miners: ["ann"] });
    const vera = await subnet.join("vera");
    const isReplaced = () => vera.clock.head.number >= sealing.start;
    await subnet.to(sealing.start - 1);
    const timestamp = (await subnet.chain.timestamp(sealing.start - 1)) + 12_000;
    runBeacon(forked(vera, sealing.start - 1, isReplaced, { timestamp }), { holds: false }).catch(() => {});
    for (let block = sealing.start; block <= sealing.start + 1; block++) await subnet.to(block);
    await subnet.sent("vera", 1);
    await subnet.to(sealing.start + 2);
    await until(t, () => said(vera, "sealed a contribution to the beacon"));
    const { round } = await readTerms(contributionSource(subnet)!, CYCLE);
    const line = vera.lines.find(({ message }) => message === "sealed a contribution to the beacon");
    assert.equal(line?.fields.opens, round);
  });

  it("holds up no settling of a Sprint beyond its deadline where a server is silent, and is asked for also after others", async (t) => {
    const life = await begin(t);
    const { subnet, windows } = life;
    await subnet.to(windows.sealing.start - 1);
    for (const name of ["vera", "vito"]) await subnet.sent(name, 1);
    await subnet.to(windows.sealing.end - 1);
    await haveEachOther(t, life);
    await subnet.to(windows.holding.start - 1);
    for (const name of ["vera", "vito"]) await subnet.sent(name, 2);
    await life.held(["max", "nia", "oda"], [0, 1]);
    await subnet.to(subnet.window(CYCLE, "exchange").start);

    const max = await subnet.join("max");
    let isAsked = false;
    const get: typeof max.blobs.get = ({ signal }) => {
      isAsked = true;
      return orAbort(new Promise(() => {}), signal);
    };
    const participant = { ...max, blobs: { ...max.blobs, get } };
    const deadline = max.clock.head.number + 1;
    const due = { cycle: CYCLE, sprint: sprintSchema.parse({ every: 1, dials: "tiny" }), deadline };
    const of = { publicKey: max.signer.publicKey, difficulty: 8 };
    const arithmetic = { device, threads: 1 };
    const late = assert.rejects(
      readWithRecomputer({ participant, arithmetic }, due, async ({ recomputer }) => {
        await recomputer.losersOf([{ of, nonces: [0] }]);
        return { isWhole: true };
      }),
      { code: "FETCH_TIMEOUT" },
    );
    await until(t, () => isAsked);
    await subnet.to(deadline);
    await late;

    // What the seeds need is asked for last, and has a wait of its own.
    const again = { ...due, deadline: deadline + 1 };
    const read = await readWithRecomputer({ participant: max, arithmetic }, again, async ({ recomputer, isOver }) => {
      await subnet.to(again.deadline);
      assert.ok(isOver());
      return { isWhole: true, losers: await recomputer.losersOf([{ of, nonces: [0] }]) };
    });
    assert.equal(read.losers.length, 1);
  });

  it("has no value for whoever lacks what most of the stake says it holds, and nobody waits for ever", async (t) => {
    const life = await begin(t);
    const { subnet, players, windows } = life;
    const { vera } = players;
    await subnet.to(windows.sealing.start - 1);
    const withheld = await contributionOf(life, "wes");
    for (const name of ["vera", "vito"]) await subnet.sent(name, 1);
    await life.seals({ wes: { hash: sha256(withheld), location: NOWHERE } });
    await subnet.to(windows.sealing.end - 1);
    await haveEachOther(t, life);
    await subnet.to(windows.holding.start - 1);
    for (const name of ["vera", "vito"]) await subnet.sent(name, 2);
    await life.held(["wes", "lea", "gus", "max", "nia", "oda"], [0, 1, 2]);
    await subnet.to(windows.deciding);
    const deadline = windows.deciding + 1;
    const waits = Promise.all(
      Object.values(players).map((player) =>
        assert.rejects(awaitBeaconValue(player, { cycle: CYCLE, deadline }), isFetchFault),
      ),
    );
    await until(t, () => said(vera, "a file that the beacon's value needs is not here yet"));
    await subnet.to(deadline);
    await waits;

    // As soon as somebody serves it, everybody has the same value.
    await subnet.store.put(withheld);
    const found = Promise.all(
      Object.values(players).map((player) => awaitBeaconValue(player, { cycle: CYCLE, deadline: deadline + 20 })),
    );
    const { source } = await lookAt(t, subnet);
    const value = await readBeaconValue(source, CYCLE);
    assert.equal(value?.contributors.length, 3);
    for (const one of await found) assert.deepEqual(one, value);
  });
});
