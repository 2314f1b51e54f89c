import { classOf } from "#shared/continuous/hardware-class.js";
import { mean } from "#shared/util/mean.js";
import { CLASSES, type HostKind, UNIT_SPEED } from "./kinds.js";
import type { ComputeScenario } from "./scenario.js";
import type { RulesRun } from "./simulate.js";

/** What hosts of a kind came to under one set of rules. Means of an epoch and of one machine. */
export interface KindMeasures {
  readonly kind: string;
  /** Part of an epoch's pot. */
  readonly income: number;
  /** Hours for which a unit of its hardware was held. */
  readonly unitHours: number;
  /** Income for an hour of a unit, beside that of the first kind. */
  readonly perUnitHour: number;
  /** Income of a unit, beside that of the first kind: what it claims, whatever the hours. */
  readonly perUnit: number;
  /** Part of the epochs in which a false win or verdict was proven, and in which it was barred by its early share. */
  readonly proven: number;
  readonly barred: number;
  /** Duties missed of all that it had. */
  readonly missed: number;
  /** Its class by what it proved, and what it says. */
  readonly measuredClass: string;
  readonly reportedClass: string;
}

/** Seconds of a unit of hardware, an epoch, all machines together; joules where the scenario has a power. */
export interface EnergyMeasures {
  readonly usefulWork: number;
  readonly proofs: number;
  readonly verification: number;
  /** Seconds of proofs and of verifying them to a second of useful work. */
  readonly perWork: number;
  /** The same in joules to a second of useful work. Null without a power. */
  readonly joulesPerWork: number | null;
}

export interface RulesMeasures {
  readonly id: string;
  readonly name: string;
  readonly says: string;
  readonly kinds: readonly KindMeasures[];
  readonly energy: EnergyMeasures;
  /** By kind: part of the pot that one machine earned, epoch by epoch. */
  readonly series: readonly (readonly number[])[];
}

export const measure = (run: RulesRun, scenario: ComputeScenario): RulesMeasures => {
  const { rules, pays } = run;
  const machines = scenario.kinds.map((kind, at) => machinesOf(run, scenario, kind, at));
  const first = machines[0]!;
  const beside = (own: number, reference: number): number => (reference === 0 ? 0 : own / reference);
  return {
    id: rules.id,
    name: rules.name,
    says: rules.says,
    kinds: machines.map(({ units, perHour, ...one }) => ({
      ...one,
      perUnitHour: beside(perHour, first.perHour),
      perUnit: beside(one.income / units, first.income / first.units),
    })),
    energy: energyOf(run, scenario),
    series: scenario.kinds.map((kind, at) =>
      pays.map((paid) => sumOf(run, at, (i) => paid[i]!) / kind.count / scenario.pot),
    ),
  };
};

const sumOf = ({ members }: RulesRun, kindAt: number, of: (member: number) => number): number =>
  members.reduce((sum, member, i) => sum + (member.kindAt === kindAt ? of(i) : 0), 0);

const machinesOf = (run: RulesRun, { pot }: ComputeScenario, kind: HostKind, at: number) => {
  const units = kind.speed / UNIT_SPEED;
  const perMachine = (of: (epoch: number, member: number) => number, epochs: number): number =>
    epochs === 0
      ? 0
      : mean(Array.from({ length: epochs }, (_, epoch) => sumOf(run, at, (i) => of(epoch, i)))) / kind.count;
  const perHotkey = (of: (epoch: number, member: number) => number): number =>
    perMachine(of, run.epochs.length) / kind.identities;
  const income = perMachine((epoch, i) => run.pays[epoch]![i]! / pot, run.pays.length);
  const unitHours = (units * perMachine((epoch, i) => run.epochs[epoch]!.held[i]!, run.epochs.length)) / 3600;
  const speed = perMachine((epoch, i) => run.epochs[epoch]!.weights[i]!, run.epochs.length) / run.counted;
  const { measured } = classOf({ speed, reported: kind.reported }, CLASSES);
  return {
    kind: kind.name,
    income,
    unitHours,
    units,
    perHour: unitHours === 0 ? 0 : income / unitHours,
    proven: perHotkey((epoch, i) => Number(run.epochs[epoch]!.isFraud[i]!)),
    barred: perHotkey((epoch, i) => Number(run.epochs[epoch]!.isBarred[i]!)),
    missed: perHotkey((epoch, i) => run.epochs[epoch]!.missRates[i]! / 1e6),
    measuredClass: measured,
    reportedClass: kind.reported,
  };
};

const energyOf = ({ rules, members, epochs }: RulesRun, scenario: ComputeScenario): EnergyMeasures => {
  const { epoch: length, utilisation, watts } = scenario;
  const epoch = (of: (result: RulesRun["epochs"][number]) => number): number => mean(epochs.map(of));
  const busy = rules.worksOn ? utilisation : 0;
  const units = (i: number): number => members[i]!.kind.speed / UNIT_SPEED;
  const isHost = (i: number): boolean => members[i]!.kind.presence === "always";
  const sum = (of: (i: number) => number): number => members.reduce((total, _, i) => total + of(i), 0);
  const proofs = epoch(({ proving }) => sum((i) => units(i) * proving[i]! * (isHost(i) ? 1 - busy : 1)));
  const usefulWork = epoch(({ proving }) =>
    sum((i) => {
      if (!isHost(i)) return 0;
      const hours = length / members[i]!.kind.identities;
      return units(i) * utilisation * (rules.worksOn ? hours : hours - proving[i]!);
    }),
  );
  const verification = epoch((result) => result.verification);
  const perWork = usefulWork === 0 ? Infinity : (proofs + verification) / usefulWork;
  return { usefulWork, proofs, verification, perWork, joulesPerWork: watts === null ? null : watts * perWork };
};
