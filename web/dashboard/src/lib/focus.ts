// Where the focus goes when what had it is gone or disabled, as a button after its action: to the page's
// heading rather than to nowhere. The page does not scroll for it.
export function keepFocus(): void {
  let last: Element | null = null;
  const noted = () => {
    last = document.activeElement;
  };
  document.addEventListener("focusin", noted);
  document.addEventListener("click", noted, true); // also beside everything: then it is nowhere by will
  new MutationObserver(() => {
    const now = document.activeElement;
    if (!last || last === document.body || (now !== last && now !== document.body)) return;
    if ((last.isConnected && !last.matches(":disabled")) || document.querySelector("dialog[open]"))
      return;
    last = null;
    document.querySelector("h1")?.focus({ preventScroll: true });
  }).observe(document.body, { subtree: true, childList: true, attributeFilter: ["disabled"] });
}
