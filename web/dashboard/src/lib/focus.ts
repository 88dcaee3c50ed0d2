// Where the focus goes when what had it is gone or disabled, as a button after its action: to the page's
// heading rather than to nowhere. The page does not scroll for it.
const SOON_MS = 100; // a new page takes the focus by itself

export function keepFocus(): void {
  let last: Element | null = null;
  let timer = 0;
  const noted = () => {
    last = document.activeElement;
  };
  const look = () => {
    timer = 0;
    const now = document.activeElement;
    if (!last || last === document.body || (now !== last && now !== document.body)) return;
    if (last.isConnected && !last.matches(":disabled")) return;
    if (document.querySelector("dialog[open]")) return;
    last = null;
    document.querySelector("h1")?.focus({ preventScroll: true });
  };
  document.addEventListener("focusin", noted);
  document.addEventListener("click", noted, true); // also beside everything: then it is nowhere by will
  new MutationObserver(() => {
    if (timer === 0) timer = window.setTimeout(look, SOON_MS);
  }).observe(document.body, { subtree: true, childList: true, attributeFilter: ["disabled"] });
}
