import type { ChartConfiguration, Chart as ChartType } from "chart.js";
import { highestPrice } from "../identity-price.js";
import { type Measures, measure } from "../measures.js";
import { simulate } from "../simulate.js";
import { charts } from "./charts.js";
import { type Control, controls } from "./controls.js";
import type { PageInput } from "./input.js";

/** Inlined before this module runs. */
declare const Chart: typeof ChartType;

/** Runs the very simulation that the command ran, each time a control moves. */
const start = (): void => {
  const input: PageInput = JSON.parse(byId("input").textContent ?? "");
  let { scenario } = input;
  const draw = new Map<string, ChartType>();
  let waiting = 0;

  const run = () => {
    const begun = performance.now();
    const simulation = simulate({ ...scenario, cycles: input.cycles, seed: input.seed });
    const measures = measure(simulation, { emission: scenario.economy.emission, cycles: input.cycles });
    for (const [id, config] of Object.entries(charts(simulation, measures, colours()))) show(id, config);
    showTiles(measures);
    const price = highestPrice(scenario);
    tile("price", price > 0 ? price.toFixed(4) : "0", price <= scenario.economy.identityCost);
    byId("took").textContent = `${input.cycles} cycles in ${Math.round(performance.now() - begun)} ms`;
  };

  const show = (id: string, config: ChartConfiguration) => {
    const chart = draw.get(id);
    if (!chart) {
      draw.set(id, new Chart(canvas(id), config));
      return;
    }
    chart.data = config.data;
    chart.update("none");
  };

  const schedule = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(run);
  };

  const build = () =>
    byId("controls").replaceChildren(
      ...controls(scenario).map((control) =>
        element(control, (value) => {
          const curve = scenario.economy.curve.curve;
          scenario = control.change(scenario, value);
          if (scenario.economy.curve.curve !== curve) build();
          schedule();
        }),
      ),
    );

  build();
  byId("reset").addEventListener("click", () => {
    scenario = input.scenario;
    build();
    schedule();
  });
  run();
};

const element = (control: Control, change: (value: string) => void): HTMLElement => {
  const label = document.createElement("label");
  const name = document.createElement("span");
  name.textContent = control.label;
  label.append(name);
  if (control.kind === "choice") {
    const select = document.createElement("select");
    for (const choice of control.choices) select.add(new Option(choice, choice, false, choice === control.value));
    select.addEventListener("change", () => change(select.value));
    label.append(select);
    return label;
  }
  const slider = document.createElement("input");
  const shown = document.createElement("output");
  Object.assign(slider, { type: "range", min: control.min, max: control.max, step: control.step });
  slider.value = String(control.value);
  shown.textContent = slider.value;
  slider.addEventListener("input", () => {
    shown.textContent = slider.value;
    change(slider.value);
  });
  label.append(shown, slider);
  return label;
};

const showTiles = ({ midTierProfit, gini, costOfLossReduction, attacks }: Measures) => {
  const worst = Math.max(...attacks.map(({ gain }) => gain));
  tile("mid-tier", midTierProfit.toFixed(4), midTierProfit > 0);
  tile("gini", gini.toFixed(2), gini < 0.8);
  tile("budget", Number.isFinite(costOfLossReduction) ? costOfLossReduction.toFixed(1) : "∞", true);
  tile("attack", attacks.length > 0 ? worst.toFixed(4) : "none", attacks.length === 0 || worst <= 0);
};

const tile = (id: string, text: string, good: boolean) => {
  const value = byId(`tile-${id}`);
  value.textContent = text;
  value.dataset.good = String(good);
};

const colours = () => {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: colour("--text"),
    grid: colour("--line"),
    good: colour("--good"),
    bad: colour("--bad"),
    first: colour("--accent"),
  };
};

const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
};

const canvas = (id: string): HTMLCanvasElement => {
  const found = byId(id);
  if (!(found instanceof HTMLCanvasElement)) throw new Error(`#${id} is no canvas`);
  return found;
};

start();
