// A figure over the last minutes, drawn as an area, and told in words for whoever does not see it.

import { element } from "./elements.js";
import { counted } from "./jobwords.js";
import { figure } from "./nodewords.js";

const GAP = 20; // seconds without a point after which the line is not drawn through
const EDGE = 6; // CSS pixels that stay free above the highest point

export class Graph {
  #canvas = element("canvas", { role: "img" });
  #words = element("span", { className: "quiet" });
  #title;
  #span;
  #least;
  #points = [];
  #now = 0;

  /** In a figure element; `span` are the seconds that it shows, and `least` the value that its
   * height stands for at least. */
  constructor(box, title, span, least = 1) {
    [this.#title, this.#span, this.#least] = [title, span, least];
    const heading = element("h2", { textContent: title });
    const scale = element("p", { className: "quiet scale", ariaHidden: "true" });
    scale.append(element("span", { textContent: `${span / 60} minutes ago` }), "now");
    const caption = element("figcaption", { className: "above" }, heading, this.#words);
    box.append(caption, this.#canvas, scale);
    new ResizeObserver(() => this.#draw()).observe(this.#canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** Points `{at, value}` in seconds, the last of them at `now` or before. */
  show(points, now) {
    [this.#points, this.#now] = [points.filter(({ at }) => now - at <= this.#span), now];
    const values = this.#points.map(({ value }) => value);
    const last = figure(values.at(-1) ?? 0);
    const most = figure(Math.max(0, ...values));
    const seen = Math.round((now - (this.#points[0]?.at ?? now)) / 60);
    this.#words.textContent = `now ${last}, at most ${most}`;
    const since = seen > 1 ? `the last ${counted(seen, "minute")}` : "the last minute";
    this.#canvas.ariaLabel = `${this.#title}: now ${last}, at most ${most} in ${since}.`;
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const brush = this.#brush(width, height);
    const colour = getComputedStyle(this.#canvas);
    const most = Math.max(this.#least, ...this.#points.map(({ value }) => value));
    const x = ({ at }) => width * (1 - (this.#now - at) / this.#span);
    const y = ({ value }) => height - 1 - (value / most) * (height - EDGE);
    brush.fillStyle = colour.getPropertyValue("--line");
    const lines = [EDGE, (height + EDGE) / 2, height - 1];
    for (const line of lines) brush.fillRect(0, line - 1, width, 1);
    brush.strokeStyle = brush.fillStyle = colour.getPropertyValue("--accent");
    brush.lineWidth = 2;
    for (const run of runs(this.#points)) {
      const line = new Path2D();
      for (const point of run) line.lineTo(x(point), y(point));
      const area = new Path2D(line);
      area.lineTo(x(run.at(-1)), height);
      area.lineTo(x(run[0]), height);
      brush.globalAlpha = 0.2;
      brush.fill(area);
      brush.globalAlpha = 1;
      brush.stroke(line);
    }
    brush.fillStyle = colour.getPropertyValue("--quiet");
    brush.font = `12px ${colour.fontFamily}`;
    brush.fillText(figure(most), 2, EDGE + 12);
  }

  #brush(width, height) {
    const ratio = devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    const brush = this.#canvas.getContext("2d");
    brush.scale(ratio, ratio);
    return brush;
  }
}

/** The points, parted where nothing was seen for long. */
function runs(points) {
  const found = [];
  for (const point of points) {
    const last = found.at(-1)?.at(-1);
    if (last && point.at - last.at <= GAP) found.at(-1).push(point);
    else found.push([point]);
  }
  return found;
}
