import type { ChartConfiguration, Chart as ChartType } from "chart.js";
import { type Picture, pictureOf } from "../chart-data.js";
import { charts } from "./charts.js";
import { type Control, controls } from "./controls.js";
import type { PageInput } from "./input.js";

/** Inlined before this module runs. */
declare const Chart: typeof ChartType;

/** Shows the command's own run, and each time a control moves simulates as the command does. */
const start = (): void => {
  const input: PageInput = JSON.parse(byId("input").textContent ?? "");
  let { scenario } = input;
  const draw = new Map<string, ChartType>();
  let waiting = 0;

  const paint = (picture: Picture, source: string) => {
    for (const [id, config] of Object.entries(charts(picture, colours()))) show(id, config);
    showTiles(picture, scenario.economy.identityCost);
    byId("shown").textContent = source;
  };

  const paintRun = () => paint(input.run, `the command's own run of ${input.run.cycles} cycles`);

  const simulateAgain = () => {
    const begun = performance.now();
    const picture = pictureOf(scenario, input);
    const took = `${input.cycles} cycles simulated here in ${Math.round(performance.now() - begun)} ms`;
    paint(
      picture,
      input.run.cycles === input.cycles ? took : `${took}, where the command's own run had ${input.run.cycles}`,
    );
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
    waiting = requestAnimationFrame(simulateAgain);
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
    cancelAnimationFrame(waiting);
    scenario = input.scenario;
    build();
    paintRun();
  });
  byId("cycles").textContent = String(input.cycles);
  paintRun();
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
  // What is configured, though the slider itself may stand at the nearest of its steps.
  shown.textContent = String(control.value);
  slider.addEventListener("input", () => {
    shown.textContent = slider.value;
    change(slider.value);
  });
  label.append(shown, slider);
  return label;
};

const showTiles = ({ measures, price }: Picture, identityCost: number) => {
  const { midTierProfit, gini, costOfLossReduction, attacks } = measures;
  const worst = Math.max(...attacks.map(({ gain }) => gain));
  tile("mid-tier", midTierProfit.toFixed(4), midTierProfit > 0);
  tile("attack", attacks.length > 0 ? worst.toFixed(4) : "none", attacks.length === 0 || worst <= 0);
  tile("price", price > 0 ? price.toFixed(4) : "0", price <= identityCost);
  tile("gini", gini.toFixed(2), null);
  tile(
    "budget",
    costOfLossReduction === null ? "∞" : costOfLossReduction.toFixed(1),
    costOfLossReduction === null ? false : null,
  );
};

/** `good`: null where more or less of it is neither good nor bad. */
const tile = (id: string, text: string, good: boolean | null) => {
  const value = byId(`tile-${id}`);
  value.textContent = text;
  if (good === null) delete value.dataset.good;
  else value.dataset.good = String(good);
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
