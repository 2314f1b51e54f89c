import { setImmediate as yieldToEvents } from "node:timers/promises";
import { type Cut, cutGraph } from "#shared/engine/cut.js";
import type { Device, Tensors } from "#shared/engine/device.js";
import type { ForwardShape } from "#shared/model/forward.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { expertOf, type Parameters } from "#shared/model/parameters.js";
import { inLots } from "#shared/util/in-lots.js";
import { type Change, changed } from "../change.js";
import { type HiddenStates, openHiddenStates, type StatesRoom, slotsWithRoom } from "./hidden-states.js";
import type { LayerGraphs, LayerPart, ModelPart } from "./layer-graphs.js";
import { type OpenPart, type PartPrograms, partPrograms, withUploaded } from "./part-programs.js";

/** What passes share: graphs, programs, and where hidden states may be. */
export interface PassContext {
  readonly device: Device;
  readonly graphs: LayerGraphs;
  readonly programs: PartPrograms;
  /** Layers cut at tensors that vary, by kind and tensors. */
  readonly cuts: Map<string, Cut>;
  /** Elements of a run's hidden state. */
  readonly stateLength: number;
  /** Shape of a run's hidden state: [N, d]. */
  readonly stateShape: readonly number[];
  /** Bytes of hidden states, and of candidates' weights of one layer, that may be in memory. */
  readonly memory: number;
  readonly folder: string;
  readonly free?: StatesRoom["free"];
  /** Told of each layer that all runs of a pass have passed, from 1 on. */
  readonly onLayer?: (passed: number) => void;
  /** Each ends the pass between two runs of a layer, with its reason. */
  readonly signals: readonly AbortSignal[];
}

export interface PassOptions
  extends Pick<PassContext, "device" | "graphs" | "memory" | "folder" | "free" | "onLayer" | "signals"> {
  /** Of the graphs. */
  readonly shape: ForwardShape;
}

/** What passes of one shape of runs share. Its programs are to be disposed of. */
export const passContext = ({ shape, ...given }: PassOptions): PassContext => {
  const { config, batchSize, sequenceLength } = shape;
  const tokens = batchSize * sequenceLength;
  return {
    ...given,
    programs: partPrograms(given.device),
    cuts: new Map(),
    stateLength: tokens * config.hidden_size,
    stateShape: [tokens, config.hidden_size],
  };
};

export interface PassRequest {
  readonly model: ModelTensors;
  /** Names of the tensors that the changes may change. */
  readonly varied: readonly string[];
  /** Null for the model as it is. */
  readonly changes: readonly (Change | null)[];
  /** What each run is fed with: ids, targets, and of isolated documents starts. */
  readonly runs: readonly Tensors[];
  /** Told what a layer that is the same for all changes gives of a run, beside its hidden state: layer by layer, and run by run. */
  readonly onOutputs?: (run: number, outputs: Tensors) => void;
  /** Told of each program that was run. */
  readonly onRun?: () => void;
}

/**
 * All runs go through a layer before the next is opened, for the model with each of some changes. Up to the first layer with a varied tensor
 * there is one hidden state a run; of that layer, everything beside the varied tensors is computed once. From there on each change has its
 * own hidden state.
 *
 * @returns by change and run the head's outputs, where there is a head
 */
export const passThrough = async (context: PassContext, request: PassRequest): Promise<readonly Tensors[][]> => {
  const { changes, runs } = request;
  const states = await openHiddenStates({
    slots: (request.varied.length === 0 ? 1 : changes.length + 1) * runs.length,
    length: context.stateLength,
    memory: context.memory,
    folder: context.folder,
  });
  try {
    return await new Pass(context, request, states).run();
  } finally {
    await states.close();
  }
};

/**
 * The same in one pass, or in several where memory and disk have no room for all hidden states at once: hotkeys choose how many changes there are. A
 * pass reads the whole model, so that it has as many changes as there is room for, and fewer runs only where one change leaves no room for all.
 */
export const passesThrough = async (
  context: PassContext,
  { changes, runs, ...request }: Omit<PassRequest, "onOutputs">,
): Promise<readonly Tensors[][]> => {
  const room = await slotsWithRoom({ ...context, length: context.stateLength });
  const isVaried = request.varied.length > 0;
  const runsOfPass = Math.max(1, Math.min(runs.length, Math.floor(room / (isVaried ? 2 : 1))));
  const mostChanges = isVaried ? Math.floor(room / runsOfPass) - 1 : changes.length;
  const changesOfPass = Math.max(1, Math.min(changes.length, mostChanges));
  const results = changes.map((): Tensors[] => []);
  for (const someRuns of inLots(runs, runsOfPass))
    for (const some of inLots([...changes.keys()], changesOfPass)) {
      const passed = await passThrough(context, {
        ...request,
        changes: some.map((change) => changes[change]!),
        runs: someRuns,
      });
      for (const [i, change] of some.entries()) results[change]!.push(...passed[i]!);
    }
  return results;
};

/** What goes through a model as it is. */
export interface TextRequest<Run> extends Pick<PassRequest, "model" | "onRun"> {
  readonly runs: readonly Run[];
  /** What a run is fed with: made when its turn comes, since it takes more memory than the text. */
  readonly feed: (run: Run) => Tensors;
  /** Told what each layer gives of a run, beside its hidden state. */
  readonly onOutputs?: (run: Run, outputs: Tensors) => void;
  /** Told the head's outputs of a run. */
  readonly onHead?: (run: Run, outputs: Tensors) => void;
}

/** Runs go through a model as it is: as many at a time as memory has room for, and those through each layer before the next is opened. */
export const textThrough = async <Run>(
  context: PassContext,
  { model, runs, feed, onRun, onOutputs, onHead }: TextRequest<Run>,
): Promise<void> => {
  const together = Math.max(1, Math.floor(context.memory / (4 * context.stateLength)));
  for (const lot of inLots(runs, together)) {
    const [heads] = await passThrough(context, {
      model,
      varied: [],
      changes: [null],
      runs: lot.map(feed),
      ...(onRun && { onRun }),
      onOutputs: (run, outputs) => onOutputs?.(lot[run]!, outputs),
    });
    for (const [run, outputs] of heads!.entries()) onHead?.(lot[run]!, outputs);
  }
};

class Pass {
  readonly #context: PassContext;
  readonly #request: PassRequest;
  readonly #states: HiddenStates;
  /** Varied tensors of each layer. */
  readonly #varied: ReadonlyMap<number, readonly string[]>;

  constructor(context: PassContext, request: PassRequest, states: HiddenStates) {
    this.#context = context;
    this.#request = request;
    this.#states = states;
    const varied = new Map<number, string[]>();
    for (const name of request.varied) {
      const layer = expertOf(name)!.layer;
      varied.set(layer, [...(varied.get(layer) ?? []), name]);
    }
    this.#varied = varied;
  }

  async run(): Promise<readonly Tensors[][]> {
    const { graphs, onLayer } = this.#context;
    const { layers } = graphs;
    const { changes } = this.#request;
    await this.#embed();
    const first = Math.min(layers, ...this.#varied.keys());
    for (let layer = 0; layer < layers; layer++) {
      await this.#pass(layer, first);
      onLayer?.(layer + 1);
    }
    if (first < layers) return this.#head(changes.map((_, change) => change));
    const [common] = await this.#head([null]);
    return changes.map(() => common!);
  }

  /** @param first layer with a varied tensor */
  #pass(layer: number, first: number): Promise<void> {
    const part = this.#context.graphs.layer(layer);
    if (layer < first) return this.#common(part);
    const varied = this.#varied.get(layer) ?? [];
    return layer === first ? this.#fork(part, varied) : this.#apart(part, varied);
  }

  async #embed(): Promise<void> {
    const { embedding } = this.#context.graphs;
    await this.#opened(embedding, async ({ program, weights }) => {
      for (const run of this.#request.runs.keys()) {
        const { hidden } = await this.#checked(program.run({ ...weights, ...this.#ofRun(embedding, run) }));
        await this.#write(null, run, hidden!);
      }
    });
  }

  /** A layer that is the same for all changes. */
  async #common(part: LayerPart): Promise<void> {
    const { runs, onOutputs } = this.#request;
    await this.#opened(part, async ({ program, weights }) => {
      for (const run of runs.keys()) {
        const feeds = await this.#feeds(part, null, run);
        const { hidden, ...others } = await this.#checked(program.run({ ...weights, ...feeds }));
        if (hidden) await this.#write(null, run, hidden);
        onOutputs?.(run, others);
      }
    });
  }

  /** The first layer that changes differ in. */
  async #fork(part: LayerPart, names: readonly string[]): Promise<void> {
    const { device, memory } = this.#context;
    const { changes, runs, model } = this.#request;
    const own = inPart(part, names);
    if (!device.hostMemory) {
      // On a graphics card, the values at the cut would go to the host and back for every change.
      await this.#apart(part, names, null);
      return;
    }
    const { fixed, varying } = this.#cut(part, own);
    const weights = without(part, own);
    await this.#opened({ ...part, ...fixed, weights }, async (before) => {
      await this.#opened({ ...part, ...varying, weights }, async (after) => {
        const most = Math.max(1, Math.floor(memory / Math.max(1, bytesOf(model, names))));
        for (const together of inLots([...changes.keys()], most)) {
          const changedWeights: Parameters[] = [];
          for (const change of together) changedWeights.push(await this.#changedWeights(own, changes[change]!));
          for (const run of runs.keys()) {
            const feeds = await this.#feeds(part, null, run);
            const prepared = {
              ...feeds,
              ...(await this.#checked(before.program.run({ ...before.weights, ...feeds }))),
            };
            for (const [i, change] of together.entries()) {
              const all = { ...after.weights, ...prepared, ...changedWeights[i]! };
              const { hidden } = await this.#checked(after.program.run(all));
              await this.#write(change, run, hidden!);
            }
          }
        }
      });
    });
  }

  #cut(part: LayerPart, own: ReadonlyMap<string, string>): Cut {
    const { cuts } = this.#context;
    const key = [part.kind, ...own.keys()].join("\n");
    const cut = cuts.get(key) ?? cutGraph(part, new Set(own.keys()));
    cuts.set(key, cut);
    return cut;
  }

  /** A layer after that. @param from the change whose hidden state goes in; that of each by default */
  async #apart(part: ModelPart, names: readonly string[], from?: null): Promise<void> {
    const { device } = this.#context;
    const { changes, runs } = this.#request;
    const own = inPart(part, names);
    await this.#opened(
      part,
      async ({ program, weights }) => {
        for (const [change, value] of changes.entries())
          await withUploaded(device, await this.#changedWeights(own, value), async (changedWeights) => {
            for (const run of runs.keys()) {
              const feeds = await this.#feeds(part, from === null ? null : change, run);
              const { hidden } = await this.#checked(program.run({ ...weights, ...changedWeights, ...feeds }));
              await this.#write(change, run, hidden!);
            }
          });
      },
      new Set(names),
    );
  }

  async #head(changes: readonly (number | null)[]): Promise<Tensors[][]> {
    const { head } = this.#context.graphs;
    const { runs } = this.#request;
    if (head === null) return changes.map(() => []);
    return this.#opened(head, async ({ program, weights }) => {
      const results: Tensors[][] = [];
      for (const change of changes) {
        const own: Tensors[] = [];
        for (const run of runs.keys()) {
          const feeds = await this.#feeds(head, change, run);
          own.push(await this.#checked(program.run({ ...weights, ...feeds })));
        }
        results.push(own);
      }
      return results;
    });
  }

  async #opened<T>(part: ModelPart, work: (open: OpenPart) => Promise<T>, varied?: ReadonlySet<string>): Promise<T> {
    const open = await this.#context.programs.open(part, this.#request.model, varied);
    try {
      return await work(open);
    } finally {
      await open.close();
    }
  }

  /** The changed tensors of a layer, by their names in its graph. */
  async #changedWeights(own: ReadonlyMap<string, string>, change: Change | null): Promise<Parameters> {
    const weights: Record<string, Parameters[string]> = {};
    for (const [name, ofModel] of own) weights[name] = await changed(this.#request.model, change, ofModel);
    return weights;
  }

  /** Lets other work go on between runs, and ends the pass where that is wanted. */
  async #checked<T>(running: Promise<T>): Promise<T> {
    const result = await running;
    this.#request.onRun?.();
    await yieldToEvents();
    for (const signal of this.#context.signals) signal.throwIfAborted();
    return result;
  }

  /** What a layer or the head is fed with beside weights. */
  async #feeds(part: ModelPart, change: number | null, run: number): Promise<Tensors> {
    return { hidden: await this.#hidden(change, run), ...this.#ofRun(part, run) };
  }

  #ofRun({ ofRun }: ModelPart, run: number): Tensors {
    return Object.fromEntries(ofRun.map((name) => [name, this.#request.runs[run]![name]!]));
  }

  async #hidden(change: number | null, run: number): Promise<Tensors[string]> {
    const data = await this.#states.read(this.#slot(change, run));
    return { dtype: "float32", shape: this.#context.stateShape, data };
  }

  #write(change: number | null, run: number, hidden: Tensors[string]): Promise<void> {
    return this.#states.write(this.#slot(change, run), hidden.data as Float32Array);
  }

  /** The common states are the first, and so the last to leave memory. */
  #slot(change: number | null, run: number): number {
    return (change === null ? 0 : change + 1) * this.#request.runs.length + run;
  }
}

/** Of these tensors of the model: the part's name of each → that of the model. */
const inPart = ({ weights }: ModelPart, names: readonly string[]): ReadonlyMap<string, string> => {
  const wanted = new Set(names);
  return new Map([...weights].filter(([, name]) => wanted.has(name)));
};

const without = ({ weights }: ModelPart, others: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...weights].filter(([own]) => !others.has(own)));

const bytesOf = (model: ModelTensors, names: readonly string[]): number =>
  names.reduce((sum, name) => sum + 4 * model[name]!.shape.reduce((product, size) => product * size, 1), 0);
