// Answers on a phone with a weak network: what cannot be sent is kept on the phone and sent once when the network is back.
// Without this script the same forms work as plain forms. The key that travels with an answer makes repeating it harmless.

/** Path of the site under which the service stands; "/" where it has the site for itself. */
const ROOT = document.documentElement.dataset.root ?? "/";

interface Kept {
  address: string;
  fields: [string, string][];
  button: string;
}

const STORE = "yujing-answers";
const RETRY_MS = 15_000;
const AHEAD = 20;
const page = document.querySelector<HTMLElement>(".phone");

function kept(): Kept[] {
  return JSON.parse(localStorage.getItem(STORE) ?? "[]") as Kept[];
}

function keep(answers: Kept[]): void {
  localStorage.setItem(STORE, JSON.stringify(answers));
  show();
}

function show(): void {
  const waiting = kept();
  document.documentElement.dataset.net = waiting.length > 0 || !navigator.onLine ? "off" : "on";
  document.querySelectorAll<HTMLElement>("[data-kept]").forEach((strip) => (strip.hidden = waiting.length === 0));
  waiting.map(pressed).forEach((button) => {
    if (button && !button.classList.contains("done")) {
      button.classList.add("done");
      button.append(page?.dataset.toBeSent ?? "");
    }
  });
}

/** Return the button that an answer was given with, if it stands on this page. */
function pressed(answer: Kept): HTMLButtonElement | undefined {
  const same = (form: HTMLFormElement, name: string): boolean => {
    const field = answer.fields.find(([given]) => given === name)?.[1];
    return !field || new FormData(form).get(name) === field;
  };
  return [...document.forms]
    .filter((form) => new URL(form.getAttribute("action") ?? "", location.href).pathname === answer.address)
    .filter((form) => same(form, "group") && same(form, "action"))
    .flatMap((form) => [...form.querySelectorAll("button")])
    .find((button) => button.value === answer.button);
}

function send(answer: Kept): Promise<Response> {
  const fields = new URLSearchParams(answer.fields.map(([name, value]) => [name, name === "csrf" ? (page?.dataset.csrf ?? "") : value]));
  return fetch(answer.address, { method: "POST", body: fields });
}

/** Tell whether the session has ended: whoever answers is sent to sign in, and the answer is kept until then. */
function isLogin(response: Response): boolean {
  return new URL(response.url).pathname === `${ROOT}login`;
}

/** Send what was kept, oldest first; stop at the first that the network or the login keeps back. */
async function sendKept(): Promise<void> {
  for (let waiting = kept(); waiting.length > 0; waiting = kept()) {
    const response = await send(waiting[0]!).catch(() => undefined);
    if (!response || response.status >= 500 || isLogin(response)) return;
    keep(waiting.slice(1));
    if (!response.ok) document.querySelectorAll<HTMLElement>("[data-refused]").forEach((strip) => (strip.hidden = false));
    else if (kept().length === 0) location.reload();
  }
}

async function answer(event: SubmitEvent): Promise<void> {
  const form = event.target as HTMLFormElement;
  const button = event.submitter as HTMLButtonElement;
  event.preventDefault();
  const fields = [...new FormData(form, button)].map(([name, value]): [string, string] => [name, String(value)]);
  const address = new URL(form.getAttribute("action") ?? "", location.href).pathname; // a field is named action
  const given = { address, fields, button: button.value };
  const response = kept().length === 0 ? await send(given).catch(() => undefined) : undefined;
  if (!response || response.status >= 500) keep([...kept(), given]);
  else if (isLogin(response)) {
    keep([...kept(), given]);
    location.assign(`${ROOT}login?next=${encodeURIComponent(`/${location.pathname.slice(ROOT.length)}`)}`);
  } else if (response.redirected) location.assign(response.url);
  else document.querySelectorAll<HTMLElement>("[data-refused]").forEach((strip) => (strip.hidden = false));
}

document
  .querySelectorAll<HTMLFormElement>("form[data-answer]")
  .forEach((form) => form.addEventListener("submit", (event) => void answer(event)));
/** Let this list, what it looks like and its first alerts be there without a network. */
async function askAhead(): Promise<void> {
  const workers = navigator.serviceWorker;
  if (!workers || !(await workers.register(`${ROOT}worker.js`).catch(() => undefined))) return;
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".cards a")].slice(0, AHEAD);
  const styles = [...document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")];
  const scripts = [...document.querySelectorAll<HTMLScriptElement>("script[src]")];
  const addresses = [...styles, ...links].map((link) => link.href);
  (await workers.ready).active?.postMessage([location.href, ...scripts.map((script) => script.src), ...addresses]);
}

addEventListener("online", () => void sendKept());
addEventListener("offline", show);
setInterval(() => void sendKept(), RETRY_MS);
show();
void sendKept();
if (document.querySelector(".cards")) addEventListener("load", () => void askAhead());
