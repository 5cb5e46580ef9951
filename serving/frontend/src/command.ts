// The screen on the wall shows a new list by itself; whoever is using it is left alone.
const EVERY_MS = 300_000;
const IDLE_MS = 60_000;
let used = Date.now();

for (const kind of ["pointerdown", "pointermove", "keydown"]) addEventListener(kind, () => (used = Date.now()));
setInterval(() => Date.now() - used > IDLE_MS && location.reload(), EVERY_MS);

export {};
