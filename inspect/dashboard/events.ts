import type { LiveBlock, Neurons } from "./live.js";
import type { RecordKind, SubnetEvent } from "./snapshot.js";

/** Events that are kept. */
const KEPT = 200;

/** Records of one kind in one block that are told one by one; more are counted. */
const MOST_NAMED = 4;

export interface EventLog {
  add(event: SubnetEvent): void;
  /** Newest first. */
  newest(): readonly SubnetEvent[];
}

export const createEventLog = (): EventLog => {
  const events: SubnetEvent[] = [];
  return {
    add: (event) => {
      events.unshift(event);
      events.splice(KEPT);
    },
    newest: () => [...events],
  };
};

const DONE: Readonly<Record<RecordKind, string>> = {
  commit: "committed to an update",
  reveal: "revealed its update",
  report: "committed its report",
  held: "said which reports it holds",
  ballot: "voted on the steps",
  model: "committed the merged model",
  enter: "entered the Sprint",
  sprint: "committed to a proof of compute",
  checks: "committed its checks of proofs",
};

/** What is new in a block, in the order in which it is told. */
export const eventsOf = (now: LiveBlock, before: LiveBlock | null, neurons: Neurons): readonly SubnetEvent[] => {
  const { block, cycle, phase } = now.clock;
  const events: SubnetEvent[] = [];
  const tell = (kind: SubnetEvent["kind"], text: string) => void events.push({ block, kind, text });
  const isNewCycle = before !== null && before.clock.cycle !== cycle;
  if (isNewCycle) tell("cycle", `Cycle ${cycle} begins.`);
  else if (before !== null && before.clock.phase !== phase) tell("phase", `Cycle ${cycle}: ${phase} begins.`);
  const nameOf = (hotkey: string) => {
    const neuron = neurons.find((one) => one.hotkey === hotkey);
    return neuron ? `uid ${neuron.uid}` : hotkey.slice(0, 8);
  };
  for (const [kind, hotkeys] of Object.entries(now.writers) as [RecordKind, ReadonlySet<string>][]) {
    const fresh = [...hotkeys].filter((hotkey) => isNewCycle || !before?.writers[kind].has(hotkey));
    if (before === null || fresh.length === 0) continue;
    if (fresh.length > MOST_NAMED) tell("record", `${fresh.length} hotkeys: each ${DONE[kind]}.`);
    else for (const hotkey of fresh) tell("record", `${nameOf(hotkey)} ${DONE[kind]}.`);
  }
  return events;
};

/** Who came, and whose place was taken. */
export const neuronEvents = (block: number, now: Neurons, before: Neurons): readonly SubnetEvent[] => {
  const former = new Map(before.map(({ uid, hotkey }) => [uid, hotkey]));
  const changed = now.filter(({ uid, hotkey }) => former.get(uid) !== hotkey);
  if (before.length === 0 || changed.length === 0) return [];
  if (changed.length > MOST_NAMED) return [{ block, kind: "neuron", text: `${changed.length} uids have new holders.` }];
  return changed.map(({ uid }) => ({
    block,
    kind: "neuron",
    text: former.has(uid) ? `uid ${uid} has a new holder: the former one was deregistered.` : `uid ${uid} registered.`,
  }));
};
