// What happened after a press: said once, politely, and gone after a while.
import { signal } from "@preact/signals";
import { announced } from "../lib/announce";

interface Toast {
  id: number;
  text: string;
  tone: "good" | "bad";
}

const SHOWN_MS = 7000;
const AT_ONCE = 3;
const toasts = signal<Toast[]>([]);
let last = 0;

export function toast(text: string, tone: Toast["tone"] = "good"): void {
  last += 1;
  const id = last;
  toasts.value = [...toasts.value.slice(1 - AT_ONCE), { id, text, tone }];
  setTimeout(() => {
    toasts.value = toasts.value.filter((shown) => shown.id !== id);
  }, SHOWN_MS);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite" aria-atomic="false">
      <span class="hidden-visually">{announced.value}</span>
      {toasts.value.map((shown) => (
        <div key={shown.id} class={`toast ${shown.tone}`}>
          {shown.text}
        </div>
      ))}
    </div>
  );
}
