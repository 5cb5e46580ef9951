// The map of many thousand grids: wheel, buttons and keys enlarge and move it, a click opens the grid below it. A grid of few pixels is drawn
// as its box, for nobody could tell it from its outline.

import { brushOf, Outlines, Pixels, type Brush } from "./brush";
import { listen, type Movable } from "./gestures";
import { Grids, type Box } from "./grids";

const CLOSEST = 16;
const BOX_PX = 6;
const TIP_MS = 120;
const NOT_RATED = "n";

class GridMap implements Movable {
  private readonly pen: CanvasRenderingContext2D;
  private readonly brushes: Map<string, Brush>;
  private readonly ground: Brush;
  private readonly border: string;
  private readonly badges: Map<string, SVGGElement>;
  private readonly whole: number;
  private zoom = 1;
  /** Where the sheet begins, in pixels of the canvas. */
  private x = 0;
  private y = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly grids: Grids,
  ) {
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
    this.whole = Math.min(canvas.width / grids.width, canvas.height / grids.height);
    this.pen = canvas.getContext("2d", { alpha: false })!;
    const colour = (name: string) => getComputedStyle(canvas).getPropertyValue(name);
    this.border = colour("--map-town");
    this.ground = brushOf(colour("--surface"));
    this.brushes = new Map(["0", "1", "2", "3"].map((level) => [level, brushOf(colour(`--lv${level}`))]));
    this.brushes.set(NOT_RATED, brushOf(colour("--surface"), colour("--hatch")));
    this.badges = new Map(
      [...canvas.parentElement!.querySelectorAll<SVGGElement>("[data-grid]")].map((badge) => [badge.dataset.grid!, badge]),
    );
    this.draw();
  }

  /** Enlarge around a point, given in pixels of the page. */
  enlarge(factor: number, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2): void {
    const zoom = Math.min(Math.max(this.zoom * factor, 1), CLOSEST);
    const [left, top] = [x * devicePixelRatio, y * devicePixelRatio];
    this.x = left - ((left - this.x) * zoom) / this.zoom;
    this.y = top - ((top - this.y) * zoom) / this.zoom;
    this.zoom = zoom;
    this.draw();
  }

  move(x: number, y: number): void {
    this.x += x * devicePixelRatio;
    this.y += y * devicePixelRatio;
    this.draw();
  }

  /** Return the code of the grid at a point, given in pixels of the page. */
  at(x: number, y: number): string | undefined {
    const { grids, scale } = this;
    const [left, top] = [(x * devicePixelRatio - this.x) / scale, (y * devicePixelRatio - this.y) / scale];
    let found: string | undefined;
    this.pen.resetTransform();
    grids.visit({ west: left, north: top, east: left, south: top }, (ring, _, owner) => {
      const listed = owner < grids.count && this.brushes.has(grids.levels[owner]!);
      if (listed && this.pen.isPointInPath(grids.trace(new Path2D(), ring), left, top)) found = grids.codes[owner];
    });
    return found;
  }

  private get scale(): number {
    return this.whole * this.zoom;
  }

  private draw(): void {
    const { canvas, grids, pen, scale } = this;
    this.x = within(this.x, canvas.width - grids.width * scale);
    this.y = within(this.y, canvas.height - grids.height * scale);
    const view = {
      west: -this.x / scale,
      north: -this.y / scale,
      east: (canvas.width - this.x) / scale,
      south: (canvas.height - this.y) / scale,
    };
    this.paintSmall(view);
    pen.setTransform(scale, 0, 0, scale, this.x, this.y);
    (this.brushes.get(NOT_RATED)!.style as CanvasPattern).setTransform(new DOMMatrix().scale(1 / scale));
    this.paintLarge(view);
    this.badges.forEach((badge) => badge.setAttribute("transform", "translate(-99 -99)"));
    grids.visit(view, (_, box, owner) => this.place(this.badges.get(grids.codes[owner] ?? ""), box));
    canvas.dataset.zoom = String(this.zoom);
  }

  private isSmall(box: Box): boolean {
    return Math.max(box.east - box.west, box.south - box.north) * this.scale < BOX_PX;
  }

  private paintSmall(view: Box): void {
    const { grids, scale, x, y } = this;
    const pixels = new Pixels(this.canvas.width, this.canvas.height, this.ground);
    grids.visit(view, (_, box, owner) => {
      const brush = this.brushes.get(grids.levels[owner] ?? "");
      if (brush && this.isSmall(box))
        pixels.box(x + box.west * scale, y + box.north * scale, x + box.east * scale, y + box.south * scale, brush);
    });
    this.pen.putImageData(pixels.image, 0, 0);
  }

  private paintLarge(view: Box): void {
    const { grids, pen, scale } = this;
    const outlines = new Map([...this.brushes].map(([level, brush]) => [level, new Outlines(pen, brush)]));
    const borders = new Path2D();
    grids.visit(view, (ring, box, owner) => {
      if (owner >= grids.count) grids.trace(borders, ring);
      else if (!this.isSmall(box)) outlines.get(grids.levels[owner]!)?.add((path) => grids.trace(path, ring));
    });
    outlines.forEach((each) => each.fill());
    pen.strokeStyle = this.border;
    pen.lineWidth = devicePixelRatio / scale;
    pen.stroke(borders);
  }

  /** Put a badge on its grid. */
  private place(badge: SVGGElement | undefined, box: Box): void {
    const x = (this.x + ((box.west + box.east) / 2) * this.scale) / devicePixelRatio;
    const y = (this.y + ((box.north + box.south) / 2) * this.scale) / devicePixelRatio;
    badge?.setAttribute("transform", `translate(${x} ${y})`);
  }
}

/** Return where a sheet begins that has this much more room than it needs: in the middle, or, where it has too little, without a gap. */
function within(start: number, room: number): number {
  return room >= 0 ? room / 2 : Math.min(Math.max(start, room), 0);
}

/** Show the figures of the grid that the pointer rests on. */
function tell(box: HTMLElement, canvas: HTMLCanvasElement, map: GridMap): void {
  const tip = box.querySelector<HTMLElement>(".tip")!;
  let resting = 0;
  canvas.addEventListener("pointerleave", () => {
    clearTimeout(resting);
    tip.hidden = true;
  });
  canvas.addEventListener("pointermove", (event) => {
    clearTimeout(resting);
    resting = setTimeout(async () => {
      const code = map.at(event.offsetX, event.offsetY);
      const response = code ? await fetch(`${box.dataset.figures}&grid=${encodeURIComponent(code)}`) : undefined;
      tip.hidden = !response?.ok;
      if (response?.ok) tip.textContent = await response.text();
    }, TIP_MS);
  });
}

async function start(box: HTMLElement): Promise<void> {
  const response = await fetch(box.dataset.map!);
  box.dataset.state = response.ok ? "drawn" : "failed";
  if (!response.ok) return;
  const canvas = box.querySelector("canvas")!;
  const map = new GridMap(canvas, new Grids(await response.arrayBuffer()));
  listen(box, canvas, map);
  tell(box, canvas, map);
  canvas.addEventListener("click", (event) => {
    const code = map.at(event.offsetX, event.offsetY);
    if (code) location.assign(`${document.documentElement.dataset.root ?? "/"}grids/${encodeURIComponent(code)}${chosenTarget()}`);
  });
  performance.mark("map-drawn");
}

/** Draw the maps of a page that the server left to the browser. */
export function startCanvasMaps(page: Element): void {
  page.querySelectorAll<HTMLElement>("[data-map]").forEach((box) => void start(box));
}

/** Return the part of an address that keeps the target which somebody chose. */
function chosenTarget(): string {
  const target = new URLSearchParams(location.search).get("target");
  return target ? `?target=${encodeURIComponent(target)}` : "";
}
