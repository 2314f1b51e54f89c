import type { INSTRUMENTS } from "./definitions.js";

type Instrument = typeof INSTRUMENTS;

/** Names of the instruments of a type. */
export type NameOf<Type extends "gauge" | "counter" | "histogram"> = {
  [Name in keyof Instrument]: Instrument[Name]["type"] extends Type ? Name : never;
}[keyof Instrument];

/** The labels that an instrument takes, each with the values that are allowed. */
export type LabelsOf<Name extends keyof Instrument> = Instrument[Name] extends { readonly labels: infer Labels }
  ? { readonly [Label in keyof Labels]: Labels[Label] extends readonly (infer Value)[] ? Value : string | number }
  : Readonly<Record<string, never>>;

type Labelled<Name extends keyof Instrument> = Instrument[Name] extends { readonly labels: unknown }
  ? readonly [labels: LabelsOf<Name>]
  : readonly [];

/** What a program counts and measures while it runs. No call throws or waits. */
export interface Instruments {
  /** Sets a gauge. */
  set<Name extends NameOf<"gauge">>(name: Name, value: number, ...labels: Labelled<Name>): void;
  /** Sets all series of a gauge: those that are not named are no longer shown. */
  replace<Name extends NameOf<"gauge">>(name: Name, series: Iterable<readonly [LabelsOf<Name>, number]>): void;
  /** Raises a counter. @param by ≥ 0 */
  add<Name extends NameOf<"counter">>(name: Name, by: number, ...labels: Labelled<Name>): void;
  /** Adds a value to a histogram. */
  observe<Name extends NameOf<"histogram">>(name: Name, value: number, ...labels: Labelled<Name>): void;
  /** Calls back before somebody reads the figures, for those that are only known when asked. @returns ends it */
  beforeReading(callback: () => void): () => void;
}

/** Counts nothing. */
export const silentInstruments: Instruments = {
  set: () => {},
  replace: () => {},
  add: () => {},
  observe: () => {},
  beforeReading: () => () => {},
};
