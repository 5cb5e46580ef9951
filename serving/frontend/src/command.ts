// The screen on the wall: it shows a new list by itself, may go through its views one after another, and outlives a server that is away for
// a night. Whoever is using it is left alone.

import { startCanvasMaps } from "./canvasmap";
import { startSvgMaps } from "./svgmap";

const REFRESH_MS = 300_000;
const ROTATE_MS = 30_000;
const IDLE_MS = 60_000;
const LONGEST_MS = 30_000;
const ROTATES = "yujing-rotates";
const ROOT = document.documentElement.dataset.root ?? "/";

const screen = () => document.querySelector<HTMLElement>(".command")!;
let used = 0;
let refreshed = Date.now();

/** Put another view on the screen without leaving the page: full screen would end with it, and a server that is away would leave nothing. */
async function show(address: string): Promise<void> {
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(LONGEST_MS) });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = page.querySelector<HTMLElement>(".command");
    if (!response.ok || !next) return stay(response.url);
    if (scriptsOf(page) !== scriptsOf(document)) return location.assign(address); // the service was brought up to date
    screen().replaceWith(document.adoptNode(next));
    history.replaceState(null, "", address);
    refreshed = Date.now();
    begin();
  } catch {
    stay(address);
  }
}

const scriptsOf = (page: Document) => [...page.querySelectorAll<HTMLScriptElement>("script[src]")].map((script) => script.src).join();

/** Keep what is shown and say since when it is old; with a way to sign in again where the session is over. */
function stay(address: string): void {
  const note = screen().querySelector<HTMLElement>("[data-cut]")!;
  note.hidden = false;
  note.querySelector("b")!.textContent = screen().dataset.loaded!;
  note.querySelector("a")!.hidden = new URL(address, location.href).pathname !== `${ROOT}login`;
}

function begin(): void {
  startSvgMaps(screen());
  startCanvasMaps(screen());
  const keys = screen().querySelector<HTMLElement>(".screenkeys")!;
  keys.hidden = false;
  const rotate = keys.querySelector<HTMLButtonElement>("[data-rotate]")!;
  const mark = () => rotate.setAttribute("aria-pressed", String(localStorage.getItem(ROTATES) === "true"));
  rotate.addEventListener("click", () => {
    localStorage.setItem(ROTATES, String(localStorage.getItem(ROTATES) !== "true"));
    mark();
  });
  keys.querySelector("[data-full]")!.addEventListener("click", () => {
    void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
  });
  mark();
}

/** Follow links between views of the screen in place while it fills the screen. */
document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest("a");
  if (!document.fullscreenElement || !link || new URL(link.href).pathname !== ROOT) return;
  event.preventDefault();
  void show(link.href);
});
for (const kind of ["pointerdown", "pointermove", "keydown"]) addEventListener(kind, () => (used = Date.now()));
setInterval(() => {
  const newest = screen().dataset.newest !== undefined;
  if (!newest || Date.now() - used < IDLE_MS) return;
  if (localStorage.getItem(ROTATES) === "true") void show(screen().dataset.next!);
  else if (Date.now() - refreshed >= REFRESH_MS) void show(location.href);
}, ROTATE_MS);

begin();
