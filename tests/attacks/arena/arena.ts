import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { drawnBytes } from "#owner/seal/seal.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { loadModel, wholeModel } from "#shared/participant/agreement/base-model.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { MAX_REPORT_BYTES, parseReport, type ReportEntry } from "#shared/protocol/report.js";
import type { AgreedOutcome } from "#shared/protocol/voting/tally.js";
import { runCycle } from "#validator/cycle.js";
import { agreeOn } from "#validator/merge/merge-cycle.js";
import { NETUID } from "../../support/micro-network.js";
import { type Living, openSubnet, type Subnet, until } from "../../support/subnet.js";
import { type Forged, type Forgery, forge, serve } from "../../support/updates.js";
import { openMeter, openValidator, type TestValidator } from "../../support/validator.js";
import type { Attack, BaseView, Den, LiarsDen, Past, TrainingRun, Turn } from "../attack.js";
import { withFailingDisk, withFailingMeter } from "./failing.js";
import { type Ground, modelLoss } from "./ground.js";
import type { Run } from "./gym.js";
import { gymWitnesses } from "./gym-witnesses.js";
import { type HonestWork, type Judged, workOf } from "./honest-work.js";
import { liarsCycle } from "./liar.js";
import { openSilent } from "./silent.js";
import { steadyBytes, withSteadyDraws, withSteadySignatures } from "./steady.js";
import { strayReport } from "./stray-report.js";
import { type CyclePart, partOf, type ValidatorPart } from "./validator-part.js";

/** What came of it. */
export interface Campaign {
  /** Held-out loss of the genesis model, mean of all groups, nats a token. */
  readonly genesisLoss: number;
  readonly cycles: readonly CycleOutcome[];
  /** What was agreed of the attackers' submissions, all cycles together. */
  readonly outcomes: readonly AgreedOutcome[];
  /** Hotkeys of the attackers whose updates were merged, an entry each time. */
  readonly merged: readonly string[];
  /** Whether, in all cycles, what was agreed is what an honest validator merged, and what it measured. */
  readonly agreedOn: { readonly model: boolean; readonly scores: boolean };
  /** By ascending uid. */
  readonly validators: readonly ValidatorPart[];
}

export interface CycleOutcome {
  /** The attackers' share of all miners' incentive, and the mean share of an honest miner of their group. */
  readonly incentives: { readonly attackers: number; readonly honest: number };
  /** Whether a model of this cycle was agreed on. */
  readonly isModelAgreed: boolean;
  /** Of the honest miners of both groups. */
  readonly work: HonestWork;
  /** Honest miners whose incentive is above zero. */
  readonly paid: number;
  /** Held-out loss of the model agreed on, mean of all groups, nats a token. */
  readonly loss: number;
}

const HONEST_STAKES = { vera: 2550, vito: 2550 };
export const LIAR = "mallory";
/** Who lies has 49 % of the stake. */
const LIARS_STAKES = { ...HONEST_STAKES, [LIAR]: 4900 };
/** Honest miners of the attacked group, more than there are places; and one in the other group. */
const HONEST = ["ann", "bob", "cat", "dan", "fay", "gus", "hal", "ida"];
export const HONEST_MINERS = 4;
const ELSEWHERE = "pam";
const group = "math";
const OTHER = "prose";
/** Extrinsics that an honest validator has sent a cycle once the first block of a phase is built. */
const SENT = { evaluate: 1, exchange: 2, choose: 3, merge: 5 } as const;

/**
 * Lives through some cycles: honest miners, an attacker, validators as the program makes them, on a devchain of its own. Whoever
 * is served is served by the owner's server. Without an attack nobody but the honest miners is there. It is a pure function of its arguments.
 */
export const campaign = async (
  t: Living,
  { model, seed, genesis, gym, network, sealed, hasEnded }: Ground,
  attack: Attack,
  cycles: number,
): Promise<Campaign> => {
  const identities = Array.from({ length: attack.identities ?? 1 }, (_, i) => `eve${i + 1}`);
  const staked = attack.stake === undefined ? [] : identities.slice(0, 1);
  const { lie, silent = {}, away = {}, failing = {}, unmeasured = {}, unsaid = [] } = attack;
  const miners = HONEST.slice(0, attack.honest ?? HONEST_MINERS);
  const stakes = attack.stakes ?? (lie ? LIARS_STAKES : HONEST_STAKES);
  const opened = await openSubnet(t, {
    genesis,
    network,
    validators: { ...stakes, ...Object.fromEntries(staked.map((name) => [name, attack.stake!])) },
    miners: [...miners, ELSEWHERE, ...identities.filter((name) => !staked.includes(name))],
    ...(sealed && { sealed: { group, ...sealedText(network, cycles, sealed), random: steadyBytes("envelopes") } }),
    // One envelope, which opened before the first cycle.
    ...(hasEnded && {
      sealed: { group: OTHER, documents: ["Read long ago."], envelopeBytes: 1, random: steadyBytes("ended") },
    }),
  });
  const subnet = withSteadySignatures(opened);
  const open = async (name: string) => withSteadyDraws(await openValidator(t, subnet, name), name);
  /** Files that no failing validator's disk gives now, by the validator's name. */
  const lost = new Map<string, ReadonlySet<string>>();
  /** Validators that can measure no step now. */
  const unable = new Set<string>();
  const openHonest = async (name: string) => {
    const validator = withFailingDisk(await open(name), (hash) => lost.get(name)?.has(hash) ?? false);
    const witnesses = gymWitnesses(gym, { seed: `${seed}/${name}`, group, base: () => base });
    return {
      ...withFailingMeter(validator, () => unable.has(name)),
      ...(network.scoring.witness && { witnesses }),
    };
  };
  const names = Object.keys(stakes).filter((name) => name !== LIAR && !Object.hasOwn(silent, name));
  const everyHonest = await Promise.all(names.map(openHonest));
  const liar = lie ? await open(LIAR) : null;
  const others = await Promise.all(
    Object.entries(silent).map(async ([name, how]) =>
      openSilent(await open(name), subnet, { name, how, model: names[0]! }),
    ),
  );
  const { participant } = everyHonest[0]!;
  const meter = await openMeter(t, subnet);
  const attackers = new Set(identities.map(subnet.uid));

  const viewOf = async (hash: string): Promise<BaseView> => {
    const model = await loadModel(participant, hash);
    return { hash, whole: wholeModel(model), own: model.groups.get(group)!.weights };
  };
  const lived: CycleOutcome[] = [];
  const outcomes: AgreedOutcome[] = [];
  const merged: string[] = [];
  const agreedOn = { model: true, scores: true };
  const parts = new Map<string, CyclePart[]>();
  let earlier: LiarsDen["earlier"] = null;
  const trained = new Map<string, Run>();
  const lossOf = ({ whole }: BaseView) => modelLoss(meter, subnet.network, whole);
  /** Records of what the attacker's first hotkey reports, by name. */
  const strayReports = async (cycle: number): Promise<Readonly<Record<string, string>>> => {
    const [name] = staked;
    if (name === undefined) return {};
    const entries = attack.report?.(cycle, { uid: subnet.uid(name), hotkey: subnet.signer(name).address }) ?? null;
    if (entries === null) return {};
    return { [name]: await strayReport(subnet, participant, { name, cycle, base: base.hash, entries }) };
  };
  let past: readonly Past[] = [];
  let base = await viewOf(subnet.modelHash);
  const genesisLoss = await lossOf(base);

  for (let cycle = 1; cycle <= cycles; cycle++) {
    const window = (phase: Parameters<Subnet["window"]>[1]) => subnet.window(cycle, phase);
    const isThere = (name: string) => cycle < (away[name] ?? Number.POSITIVE_INFINITY);
    const there = names.filter(isThere);
    const honest = everyHonest.filter((_, i) => isThere(names[i]!));
    const validators = liar && !lie?.isSilent ? [...there, LIAR] : there;
    const before = new Map(trained);
    const train = async (
      name: string,
      inGroup: string,
      { batches, steps, from = base }: Omit<TrainingRun, "stream"> = {},
    ) => {
      const stream = batches ?? `${seed}/${name}/${cycle}`;
      const after = before.get(name);
      const run = await gym.train({ base: from, group: inGroup, stream, after, ...(steps !== undefined && { steps }) });
      trained.set(name, run);
      return run.update;
    };
    const forgeNow = (forgery: Omit<Forgery, "group"> & { readonly group?: string }) =>
      forge(subnet, { cycle, group, ...forgery, change: { base: base.hash, ...forgery.change } });
    const submissions: Den["honest"][number][] = [];
    for (const miner of miners) {
      const update = await train(miner, group);
      submissions.push({ miner, update, forged: forgeNow({ miner, tensors: update }) });
    }
    const other = forgeNow({ miner: ELSEWHERE, group: OTHER, tensors: await train(ELSEWHERE, OTHER) });
    let turns: readonly Turn[] = await attack.submit({
      subnet,
      cycle,
      seed: `${seed}/${cycle}`,
      training: model.training,
      group,
      identities,
      base,
      honest: submissions,
      past,
      meter,
      scope: t,
      train: ({ stream = "eve1", ...run } = {}) => train(stream, group, run),
      forge: forgeNow,
    });
    const honestly: Record<string, Forged> = { [ELSEWHERE]: other };
    for (const { miner, forged } of submissions) honestly[miner] = forged;

    for (const one of Object.values(honestly)) await serve(subnet, one);
    for (const { forged, served = true } of turns) if (served) await serve(subnet, forged);
    for (const phase of ["commit", "reveal"] as const) {
      await subnet.to(window(phase).start - 1);
      if (phase === "reveal") turns = await Promise.all(turns.map((turn) => inHindsight(subnet, turn)));
      const theirs = Object.entries(honestly).map(([name, one]): [string, string] => [name, one[phase]]);
      const own = turns.flatMap((turn, i): [string, string][] => {
        const record = turn[phase] === undefined ? turn.forged[phase] : turn[phase];
        return record === null ? [] : [[identities[i]!, record]];
      });
      // Whoever reacts to what others show comes a block later.
      for (const records of attack.isFirst ? [own, theirs] : [theirs, own])
        await subnet.record(Object.fromEntries(records));
    }

    const tensors = [...Object.values(honestly), ...turns.map(({ forged }) => forged)].map((one) => one.tensors.hash);
    for (const [name, from] of Object.entries(failing)) if (cycle >= from) lost.set(name, new Set(tensors));

    const noncesOf = (some: readonly string[]) =>
      Promise.all(some.map((name) => subnet.chain.nonce(subnet.signer(name).address)));
    const nonce = await noncesOf(validators);
    const othersNonce = await noncesOf(others.map(({ name }) => name));
    const begun = await Promise.all(others.map(({ begin }) => begin(cycle)));
    const lives = [...honest.map((validator) => runCycle(validator, cycle)), ...begun.map(({ done }) => done)];
    if (lie && liar) {
      const first = honest[0]!;
      const reported = () => first.journal.value.cycles[cycle]?.report;
      const heard = async (): Promise<string> => {
        await until(t, () => reported() !== undefined);
        return reported()!;
      };
      const accomplices = {
        scope: t,
        cycle,
        attackers,
        earlier,
        eve: attackers.values().next().value ?? 0,
        owner: subnet.uid("owner"),
        first,
        heard,
      };
      lives.push(
        liarsCycle(liar, lie, accomplices).then((reported) => {
          earlier = reported;
        }),
      );
    }
    const sent = (extrinsics: number) =>
      Promise.race([
        Promise.all([
          ...validators.map((name, i) => subnet.sent(name, nonce[i]! + extrinsics)),
          ...(extrinsics === SENT.merge
            ? begun.map(({ extrinsics }, i) => subnet.sent(others[i]!.name, othersNonce[i]! + extrinsics))
            : []),
        ]),
        // Ends the wait where one of them ended early.
        Promise.all(lives),
      ]);
    await subnet.to(window("evaluate").start);
    if (attack.isPatient) {
      await haveOrLate(honest, Object.values(honestly));
      await subnet.to(window("evaluate").start + 1);
    }
    await Promise.race([sent(SENT.evaluate), waitedFor(t, subnet, { names: there, honest, nonce, cycle })]);
    if (subnet.node.head.number === window("evaluate").start && honest.some((one) => isWaiting(one, cycle)))
      await subnet.to(window("evaluate").start + 1);
    await sent(SENT.evaluate);
    await subnet.record(await strayReports(cycle));
    await until(t, () => honest.every(({ journal }) => journal.value.cycles[cycle]?.reported !== undefined));
    lost.clear();
    await subnet.to(window("exchange").start - 1);
    await sent(SENT.exchange);
    await subnet.to(window("exchange").start);
    await until(t, () => honest.every(({ journal }) => journal.value.cycles[cycle]?.exchanged !== undefined));
    if (unsaid.length > 0) {
      await subnet.record(Object.fromEntries(unsaid.map((name) => [name, saidOf(subnet, cycle - 1)])));
      for (const name of unsaid) nonce[validators.indexOf(name)]! += 1;
    }
    for (const [name, from] of Object.entries(unmeasured)) if (cycle >= from) unable.add(name);
    await subnet.to(window("choose").start);
    await sent(SENT.choose);
    await subnet.to(window("choose").start + 1);
    await until(t, () => honest.every(({ journal }) => journal.value.cycles[cycle]?.voted !== undefined));
    unable.clear();
    await subnet.to(window("merge").start);
    await sent(SENT.merge);
    await subnet.to(window("merge").start + 1);
    await Promise.all(lives);

    await subnet.to(window("merge").end - 1);
    const { neurons } = await subnet.chain.metagraph(NETUID);
    const total = neurons.reduce((sum, { incentive }) => sum + incentive, 0) || 1;
    const incentiveOf = (names: readonly string[]) =>
      names.reduce((sum, name) => sum + neurons[subnet.uid(name)]!.incentive, 0) / total;
    const agreed = await agreeOn(participant, cycle);
    const reports = await Promise.all(honest.map((validator) => ownReport(validator, cycle)));
    for (const { uid, score } of agreed.outcomes)
      if (score !== reports[0]?.find((entry) => entry.uid === uid)?.score) agreedOn.scores = false;
    const judged = Object.keys(honestly).map((miner): Judged => {
      const ofMiner = (entries: readonly (ReportEntry | AgreedOutcome)[]) =>
        entries.find(({ uid }) => uid === subnet.uid(miner));
      const said = Object.fromEntries(there.map((name, i) => [name, ofMiner(reports[i]!)]));
      return { miner, agreed: ofMiner(agreed.outcomes), said };
    });
    outcomes.push(...agreed.outcomes.filter(({ uid }) => attackers.has(uid)));
    const shareOf = (values: readonly number[], i: number) =>
      values[i]! / (values.reduce((sum, one) => sum + one, 0) || 1);
    const panel = Object.keys(stakes);
    const dividends = panel.map((name) => neurons[subnet.uid(name)]!.dividends);
    for (const [i, name] of panel.entries()) {
      const told = agreed.participation.find(({ hotkey }) => hotkey === subnet.signer(name).address);
      const part: CyclePart = {
        name,
        stake: shareOf(Object.values(stakes), i),
        dividends: shareOf(dividends, i),
        committed: told?.committed ?? false,
        counts: told?.counts ?? false,
        exchanged: told?.exchanged ?? false,
        agreement: told?.agreement ?? null,
        deviation: told?.deviation ?? null,
      };
      parts.set(name, [...(parts.get(name) ?? []), part]);
    }

    await subnet.to(subnet.window(cycle + 1, "distribute").end - 1);
    const next = await participant.models.baseOf(cycle + 1);
    const manifest = await participant.models.manifest(next, participant.signal);
    const own = manifest.merged.filter((one) => one.group === group && manifest.cycle === cycle);
    merged.push(...own.filter(({ uid }) => attackers.has(uid)).map(({ hotkey }) => hotkey));
    if (next !== honest[0]!.journal.value.cycles[cycle]?.model) agreedOn.model = false;
    const best = [...own].sort((a, b) => b.share - a.share);
    const forged = { ...honestly, ...Object.fromEntries(turns.map((turn, i) => [identities[i]!, turn.forged])) };
    const left = submissions.filter((one) => own.every(({ artifact }) => one.forged.artifact !== artifact));
    past = [
      {
        cycle,
        base,
        forged,
        merged: best.flatMap(({ artifact }) =>
          submissions.filter((one) => one.forged.artifact === artifact).map(({ update }) => update),
        ),
        unmerged: left.map(({ update }) => update),
        left: left.map(({ forged }) => forged),
      },
      ...past,
    ];
    base = await viewOf(next);
    lived.push({
      incentives: { attackers: incentiveOf(identities), honest: incentiveOf(miners) / miners.length },
      isModelAgreed: manifest.cycle === cycle,
      work: workOf(cycle, judged),
      paid: Object.keys(honestly).filter((name) => incentiveOf([name]) > 0).length,
      loss: await lossOf(base),
    });
  }
  return { genesisLoss, cycles: lived, outcomes, merged, agreedOn, validators: [...parts.values()].map(partOf) };
};

/** Whether it lacks an update in this cycle, and waits for the block in which it asks the others for it. */
const isWaiting = ({ participant }: TestValidator, cycle: number): boolean =>
  participant.lines.some(
    ({ message, fields }) => message.startsWith("updates not here in time") && fields.cycle === cycle,
  );

interface Judging {
  /** Of the honest validators. */
  readonly names: readonly string[];
  readonly honest: readonly TestValidator[];
  /** By validator, before the cycle. */
  readonly nonce: readonly number[];
  readonly cycle: number;
}

/** Waits until each has sent its report, or waits for a block. */
const waitedFor = (t: Living, subnet: Subnet, { names, honest, nonce, cycle }: Judging): Promise<void> =>
  until(t, async () => {
    const now = await Promise.all(names.map((name) => subnet.chain.nonce(subnet.signer(name).address)));
    return honest.every((one, i) => now[i]! > nonce[i]! || isWaiting(one, cycle));
  });

/** A held record of a cycle, which says of no report that it is held. */
const saidOf = ({ networkHash }: Subnet, cycle: number): string =>
  encodeRecord({ type: "held", network: shortHash(networkHash), cycle, held: [] });

/** A block comes after so long, whoever waits for what. */
const BLOCK_MS = 60_000;

/** Waits until the validators have these updates, or a block's time is over. */
const haveOrLate = async (validators: readonly TestValidator[], updates: readonly Forged[]): Promise<void> => {
  const late = AbortSignal.timeout(BLOCK_MS);
  const hasAll = async ({ participant }: TestValidator): Promise<boolean> => {
    const store = directoryStore(join(participant.home, "..", "blobs"));
    for (const { tensors } of updates) if (!(await store.has(tensors.hash))) return false;
    return true;
  };
  while (!late.aborted && !(await Promise.all(validators.map(hasAll))).every(Boolean)) await pause(100);
};

const inHindsight = async (subnet: Subnet, turn: Turn): Promise<Turn> => {
  if (!turn.afterwards) return turn;
  const forged = await turn.afterwards();
  await serve(subnet, forged);
  return { ...turn, forged };
};

/** Enough of it for every block until the cycles are over. */
const sealedText = (network: Ground["network"], cycles: number, document: (index: number) => string) => {
  const envelopeBytes = drawnBytes(network);
  const documents: string[] = [];
  const wanted = envelopeBytes * (cycles + 2) * cycleLength(network.phases);
  for (let bytes = 0; bytes < wanted; bytes += Buffer.byteLength(documents.at(-1)!))
    documents.push(document(documents.length));
  return { documents, envelopeBytes };
};

const ownReport = async ({ participant, journal }: TestValidator, cycle: number): Promise<readonly ReportEntry[]> => {
  const hash = journal.value.cycles[cycle]?.report ?? "";
  const bytes = await participant.blobs.get({
    hash,
    maxBytes: MAX_REPORT_BYTES,
    locations: [],
    signal: participant.signal,
  });
  const report = parseReport(bytes);
  return report.ok ? report.value.entries : [];
};
