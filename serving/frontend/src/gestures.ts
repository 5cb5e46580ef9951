// How people move about on a map: wheel, buttons, keys and dragging.

const STEP = 2;
const MOVE = 0.25;
const DRAG_PX = 4;

export interface Movable {
  /** Enlarge around a point of the surface; around its middle where none is given. */
  enlarge(factor: number, x?: number, y?: number): void;
  /** Move the map by pixels of the page. */
  move(x: number, y: number): void;
}

/** Let people move a map; clicks that end a drag go nowhere. */
export function listen(box: HTMLElement, surface: HTMLElement, map: Movable): void {
  const keys: Record<string, () => void> = {
    "+": () => map.enlarge(STEP),
    "=": () => map.enlarge(STEP),
    "-": () => map.enlarge(1 / STEP),
    ArrowLeft: () => map.move(MOVE * surface.clientWidth, 0),
    ArrowRight: () => map.move(-MOVE * surface.clientWidth, 0),
    ArrowUp: () => map.move(0, MOVE * surface.clientHeight),
    ArrowDown: () => map.move(0, -MOVE * surface.clientHeight),
  };
  box.querySelectorAll<HTMLElement>(".zoom").forEach((buttons) => (buttons.hidden = false));
  box.querySelectorAll<HTMLButtonElement>("[data-key]").forEach((button) => button.addEventListener("click", keys[button.dataset.key!]!));
  surface.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (act && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      act();
    }
  });
  surface.addEventListener("wheel", (event) => {
    event.preventDefault();
    const edge = surface.getBoundingClientRect();
    map.enlarge(event.deltaY < 0 ? STEP : 1 / STEP, event.clientX - edge.left, event.clientY - edge.top);
  });
  drag(surface, map);
}

function drag(surface: HTMLElement, map: Movable): void {
  let dragged = 0;
  surface.addEventListener("pointerdown", () => (dragged = 0));
  surface.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    dragged += Math.abs(event.movementX) + Math.abs(event.movementY);
    if (dragged > DRAG_PX) surface.setPointerCapture(event.pointerId);
    map.move(event.movementX, event.movementY);
  });
  surface.addEventListener("dragstart", (event) => event.preventDefault());
  surface.addEventListener(
    "click",
    (event) => {
      if (dragged <= DRAG_PX) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      dragged = 0;
    },
    true,
  );
}
