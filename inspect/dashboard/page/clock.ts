import type { Clock } from "../snapshot.js";
import { byId, element, setText, shape } from "./dom.js";
import { duration, plural } from "./figures.js";

const RADIUS = 80;
const CENTRE = 100;
const TURN = 2 * Math.PI;

/** The cycle as a dial, and in words. */
export const drawClock = (clock: Clock): void => {
  const { block, cycle, phase, phases, blocksLeft, blockTime } = clock;
  const left = `${plural(blocksLeft, "block")} left`;
  setText(byId("phase"), `Cycle ${cycle}: ${phase}`);
  setText(
    byId("block"),
    `Block ${block}. ${left}${blockTime === null ? "" : ` of this phase, about ${duration(blocksLeft * blockTime)}`}.`,
  );
  drawDial(clock);
  byId("phases").replaceChildren(
    ...phases.map((one) =>
      element(
        "li",
        { "aria-current": one.phase === phase ? "step" : undefined },
        element("span", {}, one.phase),
        element("span", { class: "soft" }, plural(one.end - one.start, "block")),
        element("span", {}, said(one.phase, clock)),
      ),
    ),
  );
};

/** How many have done what the phase is for, and their part in a Sprint. */
const said = (phase: Clock["phase"], { records }: Clock): string => {
  const more = (count: number, what: string) => (count > 0 ? `${count} ${what}` : "");
  switch (phase) {
    case "distribute":
      return more(records.enter, "entered the Sprint");
    case "train":
      return more(records.checks, "checked proofs");
    case "commit":
      return `${records.commit} committed`;
    case "reveal":
      return `${records.reveal} revealed`;
    case "evaluate":
      return [plural(records.report, "report"), more(records.sprint, "proven")].filter(Boolean).join(", ");
    case "exchange":
      return `${records.held} exchanged`;
    case "choose":
      return `${plural(records.ballot, "vote")}`;
    case "merge":
      return `${plural(records.model, "model record")}`;
  }
};

const drawDial = ({ block, cycle, phase, phases, blocksLeft }: Clock): void => {
  const first = phases[0]!.start;
  const length = phases.at(-1)!.end - first;
  const angleOf = (at: number) => ((at - first) / length) * TURN;
  const [x, y] = pointAt(angleOf(Math.min(block + 0.5, first + length)), RADIUS - 18);
  byId<SVGSVGElement>("dial").replaceChildren(
    ...phases.map(({ phase: name, start, end }) =>
      shape("path", {
        d: arc(angleOf(start) + 0.015, angleOf(end) - 0.015),
        class: name === phase ? "now" : block >= end ? "past" : undefined,
      }),
    ),
    shape("line", { x1: CENTRE + (x - CENTRE) * 0.66, y1: CENTRE + (y - CENTRE) * 0.66, x2: x, y2: y }),
    shape("text", { x: CENTRE, y: 102 }, String(blocksLeft)),
    shape("text", { x: CENTRE, y: 120, class: "small" }, "blocks left"),
    shape("text", { x: CENTRE, y: 76, class: "small" }, `cycle ${cycle}`),
  );
};

/** From twelve o'clock on, clockwise. */
const pointAt = (angle: number, radius: number): readonly [number, number] => [
  CENTRE + radius * Math.sin(angle),
  CENTRE - radius * Math.cos(angle),
];

const arc = (from: number, to: number): string => {
  const [x1, y1] = pointAt(from, RADIUS);
  const [x2, y2] = pointAt(Math.max(to, from + 0.01), RADIUS);
  return `M${x1.toFixed(2)} ${y1.toFixed(2)}A${RADIUS} ${RADIUS} 0 ${to - from > Math.PI ? 1 : 0} 1 ${x2.toFixed(2)} ${y2.toFixed(2)}`;
};
