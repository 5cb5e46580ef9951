// The map that the server drew: enlarged and moved by its view box, so that outlines stay sharp.

import { listen, type Movable } from "./gestures";

const CLOSEST = 8;

class SvgMap implements Movable {
  private readonly whole: DOMRect;
  private zoom = 1;
  /** What is in the middle of the view, in units of the drawing. */
  private x: number;
  private y: number;

  constructor(private readonly svg: SVGSVGElement) {
    const { x, y, width, height } = svg.viewBox.baseVal;
    this.whole = new DOMRect(x, y, width, height);
    this.x = x + width / 2;
    this.y = y + height / 2;
  }

  enlarge(factor: number, x?: number, y?: number): void {
    const zoom = Math.min(Math.max(this.zoom * factor, 1), CLOSEST);
    if (x !== undefined && y !== undefined) {
      const edge = this.svg.getBoundingClientRect();
      const off = this.unit * (1 - this.zoom / zoom);
      this.x += (x - edge.width / 2) * off;
      this.y += (y - edge.height / 2) * off;
    }
    this.zoom = zoom;
    this.show();
  }

  move(x: number, y: number): void {
    this.x -= x * this.unit;
    this.y -= y * this.unit;
    this.show();
  }

  /** Units of the drawing per pixel of the page. */
  private get unit(): number {
    const edge = this.svg.getBoundingClientRect();
    return Math.max(this.whole.width / edge.width, this.whole.height / edge.height) / this.zoom;
  }

  private show(): void {
    const [width, height] = [this.whole.width / this.zoom, this.whole.height / this.zoom];
    this.x = Math.min(Math.max(this.x, this.whole.left + width / 2), this.whole.right - width / 2);
    this.y = Math.min(Math.max(this.y, this.whole.top + height / 2), this.whole.bottom - height / 2);
    this.svg.setAttribute("viewBox", `${this.x - width / 2} ${this.y - height / 2} ${width} ${height}`);
    this.svg.style.setProperty("--shrink", String(1 / this.zoom));
    this.svg.dataset.zoom = String(this.zoom);
  }
}

/** Let people move about on the maps of a page, and read the figures of a place where the pointer is. */
export function startSvgMaps(page: Element): void {
  page.querySelectorAll<HTMLElement>("[data-svg]").forEach((box) => {
    listen(box, box, new SvgMap(box.querySelector<SVGSVGElement>(".mapsvg")!));
    const tip = box.querySelector<HTMLElement>(".tip")!;
    box.addEventListener("pointerover", (event) => {
      const text = figuresOf((event.target as Element).closest("a"));
      tip.hidden = !text;
      if (text) tip.textContent = text;
    });
    box.addEventListener("pointerleave", () => (tip.hidden = true));
  });
}

/** Return the figures of a place; they become its label, or the browser would show them a second time. */
function figuresOf(link: Element | null): string | null {
  const title = link?.querySelector("title");
  if (title) {
    link!.setAttribute("aria-label", title.textContent!);
    title.remove();
  }
  return link?.getAttribute("aria-label") ?? null;
}
